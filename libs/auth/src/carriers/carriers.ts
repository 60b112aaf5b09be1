import { Inject, Injectable } from '@nestjs/common';
import { AccessTokenVerifier } from '../tokens/access-token-verifier.js';
import { GraphqlCarrier } from './graphql.carrier.js';
import { GrpcCarrier } from './grpc.carrier.js';
import { HttpCarrier } from './http.carrier.js';
import { KafkaCarrier } from './kafka.carrier.js';
import { MqttCarrier } from './mqtt.carrier.js';
import { NatsCarrier } from './nats.carrier.js';
import { PacketCarrier } from './packet.carrier.js';
import { RabbitmqCarrier } from './rabbitmq.carrier.js';
import { WebSocketCarrier } from './web-socket.carrier.js';
import type { ArgumentsHost } from '@nestjs/common';
import type { Carrier } from './carrier.js';

/** The token of the carriers that the application adds. */
export const APPLICATION_CARRIERS = Symbol('AuthModule carriers');

const POSTERN_CARRIERS: readonly Carrier[] = [
  new HttpCarrier(),
  new GraphqlCarrier(),
  new WebSocketCarrier(),
  new GrpcCarrier(),
  new NatsCarrier(),
  new RabbitmqCarrier(),
  new MqttCarrier(),
  new KafkaCarrier(),
  new PacketCarrier(),
];

const carriersOfVerifier = new WeakMap<AccessTokenVerifier, Carriers>();

/** Finds the carrier of a context in an application. A guard finds it by its verifier, without a further dependency. */
export function carrierFor(verifier: AccessTokenVerifier, host: ArgumentsHost): Carrier | undefined {
  const carriers = carriersOfVerifier.get(verifier);
  return carriers === undefined ? firstThatAccepts(POSTERN_CARRIERS, host) : carriers.of(host);
}

/** The carriers of the application, then those of Postern. */
@Injectable()
export class Carriers {
  private readonly all: readonly Carrier[];

  constructor(@Inject(APPLICATION_CARRIERS) added: readonly Carrier[], verifier: AccessTokenVerifier) {
    this.all = [...added, ...POSTERN_CARRIERS];
    carriersOfVerifier.set(verifier, this);
  }

  /** The carrier of the context; `undefined` if its transport is unknown. */
  of(host: ArgumentsHost): Carrier | undefined {
    return firstThatAccepts(this.all, host);
  }
}

function firstThatAccepts(carriers: readonly Carrier[], host: ArgumentsHost): Carrier | undefined {
  return carriers.find((carrier) => carrier.accepts(host));
}
