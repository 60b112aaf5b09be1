#!/usr/bin/env node
/**
 * `npm start`: builds if `dist` is stale, and then runs the server in this process, which receives the signals of
 * Ctrl-C and of a supervisor.
 */
import { becomeBuilt } from './build.mjs';

// npm sends a signal to the shell between npm and this process. Most shells end without forwarding the signal.
if (process.env.npm_lifecycle_event === 'start') {
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 200).unref();
}

await becomeBuilt('main');
