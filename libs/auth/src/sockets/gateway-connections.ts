import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { HandshakeRequest } from '../carriers/handshake.js';
import type { SocketClient } from './socket-client.js';

/** The metadata of `@WebSocketGateway`. It is copied because the package is optional. */
const GATEWAY = 'websockets:is_gateway';

type HandleConnection = (
  this: Gateway,
  client: SocketClient,
  handshake?: HandshakeRequest,
  ...rest: unknown[]
) => unknown;

/** An instance of a gateway. */
export interface Gateway {
  readonly constructor: unknown;
  handleConnection: HandleConnection;
}

/** The part of an application that guards the connections of its gateways. */
export interface ConnectionGuard {
  owns(gateway: Gateway): boolean;
  connect(gateway: Gateway, client: SocketClient, handshake: HandshakeRequest | undefined, run: () => unknown): unknown;
}

/** Several applications of a process may share the class of a gateway. */
const guards = new Set<ConnectionGuard>();
const guardOf = new WeakMap<Gateway, ConnectionGuard>();
const guarded = new WeakSet<HandleConnection>();

export function isGateway(type: unknown): type is Type<Gateway> {
  return typeof type === 'function' && Reflect.getMetadata(GATEWAY, type) === true;
}

/**
 * Passes each new connection of the gateways to the guard of their application.
 *
 * @returns a function that removes the guard
 */
export function guardConnections(guard: ConnectionGuard, gateways: readonly Type<Gateway>[]): () => void {
  guards.add(guard);
  for (const { prototype } of gateways) guardPrototype(prototype as Partial<Gateway>);
  return () => void guards.delete(guard);
}

function guardPrototype(prototype: Partial<Gateway>): void {
  const original = prototype.handleConnection;
  if (original !== undefined && guarded.has(original)) return;
  const handleConnection: HandleConnection = function (client, handshake, ...rest) {
    const run = (): unknown => original?.call(this, client, handshake, ...rest);
    const guard = guardFor(this);
    return guard === undefined ? run() : guard.connect(this, client, handshake, run);
  };
  for (const key of original === undefined ? [] : (Reflect.getMetadataKeys(original) as unknown[])) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, original!), handleConnection);
  }
  guarded.add(handleConnection);
  Object.defineProperty(prototype, 'handleConnection', { value: handleConnection, configurable: true, writable: true });
}

function guardFor(gateway: Gateway): ConnectionGuard | undefined {
  const known = guardOf.get(gateway) ?? [...guards].find((guard) => guard.owns(gateway));
  if (known !== undefined) guardOf.set(gateway, known);
  return known;
}
