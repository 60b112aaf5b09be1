import type { Problem } from 'postern/problem';
import { closeCodeOf } from './close-codes.js';
import type { HandshakeRequest } from '../carriers/handshake.js';

/** The members of a `ws` or Socket.IO socket that Postern uses. */
export interface SocketClient {
  /** Only a `ws` socket has it. */
  readonly readyState?: number;
  /** Only a Socket.IO socket has them. */
  readonly handshake?: { readonly auth?: object; readonly headers: object };
  readonly request?: HandshakeRequest;
  send?(text: string): void;
  close?(code: number, reason: string): void;
  disconnect?(): void;
  emit?(event: string, data: unknown): void;
  on?(event: string, listener: (...args: unknown[]) => void): void;
  once?(event: string, listener: () => void): void;
}

/** Whether the socket is one of `ws`: it also has `emit`, but that does not send anything. */
export function isPlainSocket({ readyState }: SocketClient): boolean {
  return typeof readyState === 'number';
}

/** Sends an event with the frames of Nest's adapters. */
export function sendEvent(client: SocketClient, event: string, data: unknown): void {
  if (isPlainSocket(client)) client.send?.(JSON.stringify({ event, data }));
  else client.emit?.(event, data);
}

/** Sends the problem as the event `exception`, and closes the socket. */
export function closeSocket(client: SocketClient, problem: Problem): void {
  sendEvent(client, 'exception', problem);
  if (isPlainSocket(client)) client.close?.(closeCodeOf(problem.status), problem.code);
  else client.disconnect?.();
}

/** Calls the function when the socket is closed. */
export function onceClosed(client: SocketClient, closed: () => void): void {
  client.once?.(isPlainSocket(client) ? 'close' : 'disconnect', closed);
}
