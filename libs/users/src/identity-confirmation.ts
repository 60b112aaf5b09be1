import { Injectable } from '@nestjs/common';
import { ConfirmationUnavailableError } from './users.errors.js';

/** The evidence that the caller is still the user who signed in. */
export interface IdentityProof {
  readonly password?: string;
  /** The client's IP address as the HTTP adapter reports it, so that guesses can be counted per address. */
  readonly ipAddress?: string;
  /** When the user last authenticated (`auth_time`), if the token has it. */
  readonly authenticatedAt?: Date;
}

/**
 * Decides whether the caller is still the user who signed in, before an irreversible act (deletion of the account).
 * A stolen access token alone must not be enough. Add `@ApiProblems` with the errors that your class throws: the
 * OpenAPI document lists them for each route that calls it.
 *
 * @example
 * ```ts
 * @ApiProblems(IdentityNotConfirmedError)
 * class PasswordConfirmation extends IdentityConfirmation {
 *   async confirm(userId: string, { password }: IdentityProof) {
 *     if (!password || !(await this.passwords.verify(userId, password))) throw new IdentityNotConfirmedError();
 *   }
 * }
 * UsersModule.forRoot({ user: Employee, confirmation: PasswordConfirmation });
 * ```
 */
export abstract class IdentityConfirmation {
  /** Resolves if the evidence is valid. @throws IdentityNotConfirmedError (or another `AuthError`) if it is not */
  abstract confirm(userId: string, proof: IdentityProof): Promise<void>;
}

/** Rejects every request: the default while no other class is configured. */
@Injectable()
export class NoConfirmation extends IdentityConfirmation {
  /** @throws ConfirmationUnavailableError always */
  confirm(): Promise<void> {
    return Promise.reject(new ConfirmationUnavailableError());
  }
}
