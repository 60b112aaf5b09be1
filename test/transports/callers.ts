import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { Metadata } from '@grpc/grpc-js';
import { headers as natsHeaders } from '@nats-io/transport-node';
import {
  ClientProxyFactory,
  MqttRecordBuilder,
  NatsRecordBuilder,
  RmqRecordBuilder,
  Transport,
} from '@nestjs/microservices';
import type { ClientGrpc, MicroserviceOptions } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { run } from './orders.js';
import type { Order } from './orders.js';

/** Sends messages as a client of the team would. */
export interface Caller {
  request(name: string, order: Order, authorization?: string): Promise<unknown>;
  stream(name: string, order: Order, authorization?: string): Observable<unknown>;
  emit?(name: string, order: Order, authorization?: string): Promise<void>;
  close(): Promise<void>;
}

/** A transport, with its broker. */
export interface TransportCase {
  readonly name: string;
  /** The port of the broker. A test without its broker is skipped. */
  readonly port?: number;
  /** The Debian package of the broker. */
  readonly needs?: string;
  readonly options: MicroserviceOptions;
  readonly connect: () => Promise<Caller>;
}

const PROTO = { package: 'shop', protoPath: join(import.meta.dirname, 'orders.proto') };

type Options = Parameters<typeof ClientProxyFactory.create>[0];

/** A caller by a proxy that puts the token into the record of the message. */
async function callerBy(options: unknown, record: (order: Order, authorization?: string) => unknown): Promise<Caller> {
  const proxy = ClientProxyFactory.create(options as Options);
  await proxy.connect();
  const stream: Caller['stream'] = (name, order, authorization) =>
    proxy.send(`${run}.${name}`, record(order, authorization) as object);
  return {
    stream,
    request: (...message) => lastValueFrom(stream(...message)),
    emit: async (name, order, authorization) => {
      await lastValueFrom(proxy.emit(`${run}.${name}`, record(order, authorization)), { defaultValue: undefined });
    },
    close: async () => void (await proxy.close()),
  };
}

/** A caller by a proxy that puts the token into the metadata of Nest's packet. */
async function callerByPacket(options: unknown): Promise<Caller> {
  const proxy = ClientProxyFactory.create(options as Options);
  const tokens = new WeakMap<object, string>();
  proxy.setOnDispatchHook((packet: { data: object; metadata?: object }) => {
    const authorization = tokens.get(packet.data);
    if (authorization !== undefined) packet.metadata = { authorization };
  });
  await proxy.connect();
  const withToken = (order: Order, authorization?: string): Order => {
    const data = { ...order };
    if (authorization !== undefined) tokens.set(data, authorization);
    return data;
  };
  const stream: Caller['stream'] = (name, order, authorization) =>
    proxy.send(`${run}.${name}`, withToken(order, authorization));
  return {
    stream,
    request: (...message) => lastValueFrom(stream(...message)),
    emit: async (name, order, authorization) => {
      await lastValueFrom(proxy.emit(`${run}.${name}`, withToken(order, authorization)), { defaultValue: undefined });
    },
    close: async () => void (await proxy.close()),
  };
}

type GrpcService = Record<string, (order: Order | Observable<Order>, metadata: Metadata) => Observable<unknown>>;

/** The service of a gRPC client, and the metadata with a token. */
export function grpcService(url: string): { service: GrpcService; close: () => void } {
  const client = ClientProxyFactory.create({ transport: Transport.GRPC, options: { ...PROTO, url } }) as ClientGrpc;
  return {
    service: client.getService<GrpcService>('Orders'),
    close: () => (client as unknown as { close(): void }).close(),
  };
}

export function metadataWith(authorization?: string): Metadata {
  const metadata = new Metadata();
  if (authorization !== undefined) metadata.set('authorization', authorization);
  return metadata;
}

/** The problem of an error, which gRPC carries in its metadata. */
export function problemIn(error: unknown): unknown {
  const { code, metadata } = error as { code?: unknown; metadata?: Metadata };
  const [problem] = metadata?.get('problem-bin') ?? [];
  return problem === undefined ? error : { ...(JSON.parse(problem.toString()) as object), grpc: code };
}

/** Whether anything answers on the port. */
export async function answers(port: number | undefined): Promise<boolean> {
  if (port === undefined) return true;
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Every transport of `@nestjs/microservices` with a broker that a test can start. */
export function transports(tcpPort: number, grpcPort: number): TransportCase[] {
  const tcp = { host: '127.0.0.1', port: tcpPort };
  const redis = { host: '127.0.0.1', port: 6379 };
  const nats = { servers: ['nats://127.0.0.1:4222'] };
  const rmq = {
    urls: ['amqp://guest:guest@127.0.0.1:5672'],
    queue: run,
    queueOptions: { durable: false, autoDelete: true },
  };
  const mqtt = { url: 'mqtt://127.0.0.1:1883', protocolVersion: 5 as const };
  return [
    {
      name: 'TCP',
      options: { transport: Transport.TCP, options: tcp },
      connect: () => callerByPacket({ transport: Transport.TCP, options: tcp }),
    },
    {
      name: 'Redis',
      port: 6379,
      needs: 'redis-server',
      options: { transport: Transport.REDIS, options: redis },
      connect: () => callerByPacket({ transport: Transport.REDIS, options: redis }),
    },
    {
      name: 'NATS',
      port: 4222,
      needs: 'nats-server',
      options: { transport: Transport.NATS, options: nats },
      connect: () =>
        callerBy({ transport: Transport.NATS, options: nats }, (order, authorization) => {
          const headers = natsHeaders();
          if (authorization !== undefined) headers.set('Authorization', authorization);
          return new NatsRecordBuilder(order).setHeaders(headers).build();
        }),
    },
    {
      name: 'RabbitMQ',
      port: 5672,
      needs: 'rabbitmq-server',
      options: { transport: Transport.RMQ, options: rmq },
      connect: () =>
        callerBy({ transport: Transport.RMQ, options: rmq }, (order, authorization) =>
          new RmqRecordBuilder(order).setOptions({ headers: { ...(authorization && { authorization }) } }).build(),
        ),
    },
    {
      name: 'MQTT',
      port: 1883,
      needs: 'mosquitto',
      options: { transport: Transport.MQTT, options: mqtt },
      connect: () =>
        callerBy({ transport: Transport.MQTT, options: mqtt }, (order, authorization) => {
          const record = new MqttRecordBuilder(order).setQoS(1);
          // The client does not send a packet with empty user properties.
          if (authorization !== undefined) record.setProperties({ userProperties: { authorization } });
          return record.build();
        }),
    },
    {
      name: 'gRPC',
      options: { transport: Transport.GRPC, options: { ...PROTO, url: `127.0.0.1:${grpcPort}` } },
      connect: async () => {
        const { service, close } = grpcService(`127.0.0.1:${grpcPort}`);
        const stream: Caller['stream'] = (name, order, authorization) =>
          service[name]!(order, metadataWith(authorization));
        return {
          stream,
          request: (...message) => lastValueFrom(stream(...message)),
          close: async () => close(),
        };
      },
    },
  ];
}
