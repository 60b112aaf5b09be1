import type { DynamicModule, Type } from '@nestjs/common';
import type { Carrier } from '../carriers/carrier.js';
import type { JwtAuthGuard } from '../guard/jwt-auth.guard.js';
import type { PrincipalMapper } from '../guard/principal-mapper.js';
import type { VerificationKeys } from '../keys/verification-keys.js';
import type { Clock } from '../revocations/clock.js';
import type { RevocationPublisher } from '../revocations/revocation-publisher.js';
import type { RevocationSource } from '../revocations/revocation-source.js';

/** The classes that `AuthModule` uses. All are optional, and are passed beside the settings. */
export interface AuthStructure {
  /** Finds the verification keys. Default: per issuer, from `staticKeys` or by discovery. */
  keys?: Type<VerificationKeys> | undefined;
  /**
   * Reads the revocations of other processes. Default: the issuer's feed if `revocations.follow` is true, else none.
   */
  revocationSource?: Type<RevocationSource> | undefined;
  /** Publishes revocations. Default: `LocalRevocations`, for this process only. */
  revocationPublisher?: Type<RevocationPublisher> | undefined;
  /** Maps the principal to the value of `@CurrentUser()`. Default: the principal itself. */
  mapper?: Type<PrincipalMapper> | undefined;
  /** Default: the machine's clock. */
  clock?: Type<Clock> | undefined;
  /** Transports of the application, beside those of Postern. Default: none. */
  carriers?: readonly Type<Carrier>[] | undefined;
  /** A subclass of the guard. Default: `JwtAuthGuard`. */
  guard?: Type<JwtAuthGuard> | undefined;
  /** Whether every route is guarded unless it is `@Public()`. Default true. */
  global?: boolean | undefined;
  /** Modules whose providers the classes above inject. */
  imports?: DynamicModule['imports'] | undefined;
}
