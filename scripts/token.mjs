#!/usr/bin/env node
/** `npm run token`: builds where the build is missing or older than the sources, then makes the token. */
import { becomeBuilt } from './build.mjs';

await becomeBuilt('cli/token');
