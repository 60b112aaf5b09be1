import { Inject, Injectable } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import { ProblemFilter } from 'postern/problem';
import type { Problem } from 'postern/problem';
import { throwError } from 'rxjs';
import { Carriers } from './carriers.js';

/** Sends the errors of messages as the carrier of their transport expresses a rejection. */
@Injectable()
export class RejectionFilter extends ProblemFilter {
  @Inject(Carriers)
  private readonly carriers!: Carriers;

  /** Returns the value that takes the place of the result of the handler. */
  reject(thrown: unknown, host: ArgumentsHost): unknown {
    const problem = this.problemOfMessage(thrown);
    const carrier = this.carriers.of(host);
    return carrier === undefined ? throwError(() => problem) : carrier.reject(problem, host);
  }

  /** The problem that the client gets. Logs the private part of the error. */
  override problemOfMessage(thrown: unknown): Problem {
    return super.problemOfMessage(thrown);
  }
}
