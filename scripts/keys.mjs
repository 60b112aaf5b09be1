#!/usr/bin/env node
/** `npm run keys`: builds if `dist` is stale, and then manages the signing keys. */
import { becomeBuilt } from './build.mjs';

await becomeBuilt('cli/keys');
