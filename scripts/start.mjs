#!/usr/bin/env node
/**
 * `npm start`: builds where the build is missing or older than the sources, then becomes the server.
 * One process, so that Ctrl-C and a supervisor's signals reach the server itself.
 */
import { becomeBuilt } from './build.mjs';

// npm hands a signal to the shell between it and this process, and most shells die of it without passing it on.
if (process.env.npm_lifecycle_event === 'start') {
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 200).unref();
}

await becomeBuilt('main');
