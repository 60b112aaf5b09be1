import { Carrier } from './carrier.js';
import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import type { GuardedRequest } from '../guard/guarded-request.js';

/** HTTP on Express and Fastify, with Server-Sent Events. `AuthErrorFilter` sends its rejections. */
export class HttpCarrier extends Carrier {
  override accepts(host: ArgumentsHost): boolean {
    return host.getType() === 'http';
  }

  override read(context: ExecutionContext): GuardedRequest {
    // Faster than Nest's `switchToHttp`, which creates three functions per call.
    return context.getArgByIndex<GuardedRequest>(0);
  }
}
