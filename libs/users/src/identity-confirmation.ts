import { Injectable } from '@nestjs/common';
import { ConfirmationUnavailableError } from './users.errors.js';

/** What the caller gave to show that it is still the user who signed in. */
export interface IdentityProof {
  readonly password?: string;
  /** The IP address of the client as the HTTP adapter saw it, so that guesses can be counted. Pass it on with the proof. */
  readonly ipAddress?: string;
}

/**
 * Decides whether the caller is still the user who signed in, before something that cannot be taken back (deletion).
 * A stolen access token alone must not be enough. What a class of yours refuses by, `@ApiProblems` says above it, for the
 * OpenAPI document of the routes that ask it.
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
  /** Resolves if the proof holds. @throws IdentityNotConfirmedError (or an error of its own) if it does not. */
  abstract confirm(userId: string, proof: IdentityProof): Promise<void>;
}

/** Refuses always: where nothing can confirm an identity, nothing that asks for it is done. */
@Injectable()
export class NoConfirmation extends IdentityConfirmation {
  /** @throws ConfirmationUnavailableError always. */
  confirm(): Promise<void> {
    return Promise.reject(new ConfirmationUnavailableError());
  }
}
