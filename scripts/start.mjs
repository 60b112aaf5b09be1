#!/usr/bin/env node
/**
 * `npm start`: builds where the build is missing or older than the sources, then becomes the server.
 * One process, so that Ctrl-C and a supervisor's signals reach the server itself.
 */
import { becomeBuilt } from './build.mjs';

await becomeBuilt('main');
