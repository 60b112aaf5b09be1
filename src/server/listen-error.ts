import { ConfigurationError } from '../config/config.js';
import type { ServerConfig } from '../config/server-config.js';

/** What the system says of an address that it does not let the server have, as a sentence that says what to set. */
export function listenError({ port, host }: ServerConfig, cause: unknown): unknown {
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new ConfigurationError([
      `PORT is ${port}, and somebody listens there on ${host}: stop that one, or set another.`,
    ]);
  if (code === 'EACCES')
    return new ConfigurationError([
      `PORT is ${port}, where this user may not listen: set one from 1024 on, or give this user the right.`,
    ]);
  if (syscall === 'getaddrinfo')
    return new ConfigurationError([
      `HOST is ${host}, a name that leads nowhere (${code}): set it to an address of this machine, or to 0.0.0.0 for all.`,
    ]);
  if (syscall === 'listen' || syscall === 'bind')
    return new ConfigurationError([
      `HOST is ${host}, where this machine cannot listen (${code}): set it to one of its addresses, or to 0.0.0.0 for all.`,
    ]);
  return cause;
}
