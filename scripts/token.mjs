#!/usr/bin/env node
/** `npm run token`: builds if `dist` is stale, and then prints a token. */
import { becomeBuilt } from './build.mjs';

await becomeBuilt('cli/token');
