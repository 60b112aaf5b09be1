/** A message as its client takes it, and the metadata of its packet. */
interface Message {
  readonly data: unknown;
  readonly metadata?: object;
}

type Headers = Readonly<Record<string, unknown>>;

/**
 * Adds the token to a message, in the place where the carriers of `postern/auth` read it on this transport. A record
 * keeps its other headers and options.
 *
 * @throws Error if the client is of an unknown transport
 */
export async function messageWithToken(client: object, data: unknown, authorization: string): Promise<Message> {
  const nest = await import('@nestjs/microservices');
  if (client instanceof nest.ClientTCP || client instanceof nest.ClientRedis)
    return { data, metadata: { authorization } };
  if (client instanceof nest.ClientNats) {
    const record = data instanceof nest.NatsRecord ? data : new nest.NatsRecord<unknown>(data);
    const headers = await natsHeaders(record.headers, authorization);
    return { data: new nest.NatsRecord<unknown>(record.data, headers) };
  }
  if (client instanceof nest.ClientRMQ) {
    const { data: content, options } = data instanceof nest.RmqRecord ? data : new nest.RmqRecord<unknown>(data);
    const headers = withAuthorization(options?.headers, authorization) as Record<string, string>;
    return { data: new nest.RmqRecord<unknown>(content, { ...options, headers }) };
  }
  if (client instanceof nest.ClientMqtt) {
    const { data: content, options } = data instanceof nest.MqttRecord ? data : new nest.MqttRecord<unknown>(data);
    const userProperties = withAuthorization(options?.properties?.userProperties, authorization) as Record<
      string,
      string
    >;
    return {
      data: new nest.MqttRecord<unknown>(content, {
        ...options,
        properties: { ...options?.properties, userProperties },
      }),
    };
  }
  if (client instanceof nest.ClientKafka) {
    const message: KafkaMessage = isKafkaMessage(data) ? data : { value: data };
    return { data: { ...message, headers: withAuthorization(message.headers, authorization) } };
  }
  throw new Error(
    `ServiceClients does not know the transport of ${client.constructor.name}. Call ServiceCredentials.for(service), and ` +
      'add the result of authorization() to the message.',
  );
}

/** Replaces the header in any case: a carrier rejects a message with two of them. */
function withAuthorization(headers: Headers | undefined, authorization: string): Headers {
  const others = Object.entries(headers ?? {}).filter(([name]) => !isAuthorization(name));
  return { ...Object.fromEntries(others), authorization };
}

interface NatsHeaders {
  keys(): string[];
  values(name: string): string[];
}

async function natsHeaders(existing: NatsHeaders | undefined, authorization: string): Promise<NatsHeaders> {
  const { headers: create } = await import('@nats-io/transport-node');
  const headers = create();
  for (const name of existing?.keys() ?? []) {
    if (!isAuthorization(name)) existing!.values(name).forEach((value) => headers.append(name, value));
  }
  headers.set('authorization', authorization);
  return headers;
}

interface KafkaMessage {
  readonly value?: unknown;
  readonly headers?: Headers;
}

/** The rule of Nest's `KafkaRequestSerializer`. */
function isKafkaMessage(data: unknown): data is KafkaMessage {
  return typeof data === 'object' && data !== null && ('key' in data || 'value' in data);
}

const isAuthorization = (name: string): boolean => name.toLowerCase() === 'authorization';
