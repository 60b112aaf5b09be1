import { Catch, Injectable } from '@nestjs/common';
import { AuthError } from './auth-error.js';
import { ProblemFilter } from './problem.filter.js';

/**
 * Answers refusals as `ProblemFilter` does, and leaves all else that is thrown to the application: for a lib whose errors must
 * be answered with their status and headers in an application without `ProblemModule`, too.
 */
@Injectable()
@Catch(AuthError)
export class AuthErrorFilter extends ProblemFilter {}
