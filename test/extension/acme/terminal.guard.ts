import { type ExecutionContext, Injectable } from '@nestjs/common';
import { type GuardedRequest, JwtAuthGuard } from 'postern/auth';

/** The terminals in Acme's warehouse cannot set `Authorization`: their token comes in a header of Acme's own. */
@Injectable()
export class TerminalGuard extends JwtAuthGuard {
  protected override getRequest(context: ExecutionContext): GuardedRequest {
    const request = super.getRequest(context);
    const headers = request.headers as Record<string, unknown>;
    const token = headers['x-terminal-token'];
    if (typeof token === 'string') headers['authorization'] ??= `Bearer ${token}`;
    return request;
  }
}
