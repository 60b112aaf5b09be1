import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, Logger } from '@nestjs/common';
import { connectable, defer, mergeMap, Observable, Subject } from 'rxjs';
import { ServiceCredentials } from '../services/service-credentials.js';
import { grpcServiceWithTokens } from './grpc-metadata.js';
import { messageWithToken } from './message-record.js';
import type { CallIdentity } from '../services/called-service.js';

/** The service that a client calls, by its name in the settings, and as whom. */
export interface ClientTarget {
  readonly service: string;
  /** Default: `as` of the service. */
  readonly as?: CallIdentity | undefined;
}

/** A `ClientProxy` of `@nestjs/microservices`. The package is optional. */
interface MessageClient {
  send(pattern: unknown, data: unknown): Observable<unknown>;
  emit(pattern: unknown, data: unknown): Observable<unknown>;
  setOnDispatchHook?(hook: DispatchHook): void;
}

/** A `ClientGrpc`. */
interface GrpcClient {
  getService(name: string): object;
}

type DispatchHook = (packet: { metadata?: Record<string, unknown> }) => void;

/**
 * Adds tokens to the messages of clients of `@nestjs/microservices`: TCP, Redis, NATS, RabbitMQ, MQTT 5, Kafka, and
 * gRPC. `JwtAuthGuard` of the called service finds them.
 *
 * @example
 * ```ts
 * {
 *   provide: BILLING,
 *   inject: [ServiceClients],
 *   useFactory: (clients: ServiceClients) =>
 *     clients.withTokens(ClientProxyFactory.create({ transport: Transport.NATS }), { service: 'billing', as: 'user' }),
 * }
 * ```
 */
@Injectable()
export class ServiceClients {
  private readonly logger = new Logger('OutboundModule');

  constructor(private readonly credentials: ServiceCredentials) {}

  /**
   * Returns a client that sends each message with a token. The user of a message is the one of the request in which
   * `send`, `emit`, or the method of the gRPC service is called.
   *
   * A client of TCP or Redis has one dispatch hook, which this method sets. Set a hook of your own on the result.
   *
   * @throws Error if the settings have no such service
   */
  withTokens<C extends object>(client: C, target: ClientTarget): C {
    // A wrong name fails the start, and not the first call.
    this.credentials.for(target.service, target.as);
    if (isGrpcClient(client)) {
      const getService = (name: string): object =>
        grpcServiceWithTokens(client.getService(name), () => this.callOf(target));
      return withMembers(client, { getService });
    }
    const dispatch = new DispatchMetadata(client as unknown as MessageClient);
    const { send, emit } = this.methodsOf(client as unknown as MessageClient, target, dispatch);
    const setOnDispatchHook = (hook: DispatchHook): void => void (dispatch.next = hook);
    return withMembers(client, { send, emit, setOnDispatchHook });
  }

  private methodsOf(
    client: MessageClient,
    target: ClientTarget,
    dispatch: DispatchMetadata,
  ): Pick<MessageClient, 'send' | 'emit'> {
    const sendBy = (method: 'send' | 'emit', pattern: unknown, data: unknown): Observable<unknown> => {
      const call = this.callOf(target);
      return defer(() => call.authorization()).pipe(
        mergeMap((authorization) => messageWithToken(client, data, authorization)),
        mergeMap(({ data: record, metadata }) => dispatch.observe(metadata, () => client[method](pattern, record))),
      );
    };
    return {
      send: (pattern, data) => sendBy('send', pattern, data),
      // Nest sends an event at once, whether or not the application subscribes.
      emit: (pattern, data) => {
        const event = connectable(sendBy('emit', pattern, data), {
          connector: () => new Subject(),
          resetOnDisconnect: false,
        });
        event.subscribe({
          error: (error: unknown) => this.logger.warn(`Failed to send an event to ${target.service}: ${nameOf(error)}`),
        });
        event.connect();
        return event;
      },
    };
  }

  private callOf({ service, as }: ClientTarget) {
    return this.credentials.for(service, as);
  }
}

/** Sets the metadata of the packets of TCP and Redis. A client has one hook for all of its messages. */
class DispatchMetadata {
  next: DispatchHook | undefined;
  private readonly metadata = new AsyncLocalStorage<object | undefined>();

  constructor(client: MessageClient) {
    client.setOnDispatchHook?.((packet) => {
      this.next?.(packet);
      const metadata = this.metadata.getStore();
      if (metadata !== undefined) packet.metadata = { ...packet.metadata, ...metadata };
    });
  }

  /** Nest creates the packet when it is connected, after the subscription. */
  observe(metadata: object | undefined, send: () => Observable<unknown>): Observable<unknown> {
    return new Observable((subscriber) => this.metadata.run(metadata, () => send().subscribe(subscriber)));
  }
}

function isGrpcClient(client: object): client is GrpcClient {
  return typeof (client as Partial<GrpcClient>).getService === 'function';
}

/** The same object with other methods. Its own methods run on the original, which holds the connection. */
function withMembers<C extends object>(client: C, members: object): C {
  return new Proxy(client, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name) as unknown;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown');
