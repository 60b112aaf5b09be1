#!/usr/bin/env node
/** `npm run users`: builds if `dist` is stale, and then manages the users. */
import { becomeBuilt } from './build.mjs';

await becomeBuilt('cli/users');
