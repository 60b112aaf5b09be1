import { Catch, Injectable } from '@nestjs/common';
import { AuthError } from './auth-error.js';
import { ProblemFilter } from './problem.filter.js';

/**
 * Sends each `AuthError` as a problem document, as `ProblemFilter` does, and leaves other errors to the application. A
 * lib registers it so that its errors keep their status and headers without `ProblemModule`.
 */
@Injectable()
@Catch(AuthError)
export class AuthErrorFilter extends ProblemFilter {}
