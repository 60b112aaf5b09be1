import { Catch, Inject, Injectable } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import { AuthError, ProblemFilter } from 'postern/problem';
import type { Problem } from 'postern/problem';
import type { Observable } from 'rxjs';
import { Carriers } from './carriers.js';

/** Sends each `AuthError` of a message as the carrier of its transport expresses it. */
@Injectable()
@Catch(AuthError)
export class RejectionFilter extends ProblemFilter {
  @Inject(Carriers)
  private readonly carriers!: Carriers;

  override catch(thrown: unknown, host: ArgumentsHost): void | Observable<never> {
    const carrier = host.getType() === 'http' ? undefined : this.carriers.of(host);
    if (carrier === undefined) return super.catch(thrown, host);
    return carrier.reject(this.problemOfMessage(thrown), host) as void | Observable<never>;
  }

  /** The problem that the client gets. Logs the private part of the error. */
  override problemOfMessage(thrown: unknown): Problem {
    return super.problemOfMessage(thrown);
  }
}
