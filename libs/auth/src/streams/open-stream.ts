import type { Principal } from '../guard/principal.js';

/** Something that stays open after its token was verified. */
export interface OpenStream {
  readonly principal: Principal | undefined;
  readonly endsAtExpiry: boolean;
  end(): void;
}
