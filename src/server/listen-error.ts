import { ConfigurationError } from '../config/config.js';
import type { ServerConfig } from '../config/server-config.js';

/** Explains why the server cannot listen, with the variable to set. Returns other errors unchanged. */
export function listenError({ port, host }: ServerConfig, cause: unknown): unknown {
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new ConfigurationError([
      `PORT is ${port}, which is in use on ${host}. Stop the other program, or set another port.`,
    ]);
  if (code === 'EACCES')
    return new ConfigurationError([
      `PORT is ${port}, which requires a privilege. Set a port from 1024, or grant the privilege to this user.`,
    ]);
  if (syscall === 'getaddrinfo')
    return new ConfigurationError([
      `HOST is ${host}, which cannot be resolved (${code}). Set it to an address of this machine, or to 0.0.0.0 for all.`,
    ]);
  if (syscall === 'listen' || syscall === 'bind')
    return new ConfigurationError([
      `HOST is ${host}, which is not an address of this machine (${code}). Set it to one of its addresses, or to 0.0.0.0 for all.`,
    ]);
  return cause;
}
