import { Inject, Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { AuthError } from 'postern/problem';
import { GUARD_IS_GLOBAL } from '../access/guard-metadata.js';
import { hasGuard } from '../access/guard-metadata.js';
import { routeAccess } from '../access/route-access.js';
import { RejectionFilter } from '../carriers/rejection.filter.js';
import { ApplicationGuard } from '../guard/application-guard.js';
import { isThenable } from '../guard/is-thenable.js';
import { connectionOf } from './socket-connection.js';
import { guardConnections, isGateway } from './gateway-connections.js';
import { closeSocket } from './socket-client.js';
import { SocketTokens } from './socket-tokens.js';
import type { ExecutionContext, OnApplicationShutdown, Type } from '@nestjs/common';
import type { HandshakeRequest } from '../carriers/handshake.js';
import type { Gateway, ConnectionGuard } from './gateway-connections.js';
import type { SocketClient } from './socket-client.js';

/**
 * Verifies the handshake before `handleConnection` of a gateway runs: Nest applies no guard there. The connection
 * follows the access rules of `handleConnection` and its class. A rejected connection is closed.
 */
@Injectable()
export class GatewayHandshakes implements ConnectionGuard, OnApplicationShutdown {
  private readonly release: () => void;

  constructor(
    @Inject(GUARD_IS_GLOBAL) private readonly isGlobal: boolean,
    private readonly modules: ModulesContainer,
    private readonly guard: ApplicationGuard,
    private readonly tokens: SocketTokens,
    private readonly rejections: RejectionFilter,
  ) {
    // The start of a gateway reads its method before any hook of the application runs.
    this.release = guardConnections(
      this,
      this.providers()
        .map(({ metatype }) => metatype)
        .filter(isGateway),
    );
  }

  onApplicationShutdown(): void {
    this.release();
  }

  owns(gateway: Gateway): boolean {
    return this.providers().some(
      (wrapper) =>
        wrapper.instance === gateway || (!wrapper.isDependencyTreeStatic() && wrapper.metatype === gateway.constructor),
    );
  }

  connect(
    gateway: Gateway,
    client: SocketClient,
    handshake: HandshakeRequest | undefined,
    run: () => unknown,
  ): unknown {
    const connection = connectionOf(client, handshake);
    const type = gateway.constructor as Type;
    const isUnguarded = !this.isGlobal && !hasGuard(type) && !hasGuard(gateway.handleConnection);
    // A method that calls its base class is one connection.
    if (isUnguarded || connection.accepted.has(gateway)) return run();
    const context = (socket: SocketClient): ExecutionContext => {
      const execution = new ExecutionContextHost([socket], type, gateway.handleConnection);
      execution.setType('ws');
      return execution;
    };
    const accept = (): unknown => {
      connection.accepted.add(gateway);
      this.tokens.watch(client, connection);
      this.tokens.renewable(client, connection, (socket) => this.guard.canActivate(context(socket)));
      return this.runSafely(client, run);
    };
    try {
      if (routeAccess(gateway.handleConnection, type).isPublic) return accept();
      const accepted = this.guard.canActivate(context(client));
      if (!isThenable(accepted)) return accept();
      return accepted.then(accept, (error: unknown) => this.close(client, error));
    } catch (error) {
      return this.close(client, error);
    }
  }

  /** An `AuthError` of the method closes the socket. Node would exit, because Nest does not handle it. */
  private runSafely(client: SocketClient, run: () => unknown): unknown {
    const handled = (error: unknown): void => {
      if (!(error instanceof AuthError)) throw error;
      this.close(client, error);
    };
    try {
      const result = run();
      return isThenable(result) ? result.then(undefined, handled) : result;
    } catch (error) {
      return handled(error);
    }
  }

  private close(client: SocketClient, error: unknown): void {
    closeSocket(client, this.rejections.problemOfMessage(error));
  }

  private providers() {
    return [...this.modules.values()].flatMap(({ providers }) => [...providers.values()]);
  }
}
