import { of } from 'rxjs';
import { Carrier } from './carrier.js';
import { authorizationIn, MessageRequest } from './message-request.js';
import { rpcContextWith } from './rpc-context.js';
import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import type { Problem } from 'postern/problem';
import type { GuardedRequest } from '../guard/guarded-request.js';

interface KafkaContext {
  getMessage(): { readonly headers?: Readonly<Record<string, unknown>> };
  getPartition(): number;
}

/** The header with which Nest asks for a reply. */
const REPLY_TOPIC = 'kafka_replyTopic';

/** Kafka. The header `authorization` of the message holds the token. The client gets the problem as the error. */
export class KafkaCarrier extends Carrier {
  override accepts(host: ArgumentsHost): boolean {
    return contextOf(host) !== undefined;
  }

  override read(context: ExecutionContext): GuardedRequest {
    return new MessageRequest(authorizationIn(contextOf(context)!.getMessage().headers));
  }

  /** Drops a rejected event. Kafka would deliver it again and again, and hold up the events behind it. */
  override reject(problem: Problem, host: ArgumentsHost): unknown {
    const isRequest = contextOf(host)!.getMessage().headers?.[REPLY_TOPIC] !== undefined;
    return isRequest ? super.reject(problem, host) : of(undefined);
  }
}

function contextOf(host: ArgumentsHost): KafkaContext | undefined {
  return rpcContextWith<KafkaContext>(host, 'getMessage', 'getPartition');
}
