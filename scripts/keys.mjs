#!/usr/bin/env node
/** `npm run keys`: builds where the build is missing or older than the sources, then does what is asked to the signing keys. */
import { becomeBuilt } from './build.mjs';

await becomeBuilt('cli/keys');
