import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-jwt';
import { AccessTokenVerifier } from './access-token-verifier.js';
import { bearerCredentialsOf, tokenIn } from './bearer-token.js';
import { Clock } from './clock.js';
import { refuse } from './read-access-token.js';
import { TrustedIssuers } from './trusted-issuers.js';
import type { KeyObject } from 'node:crypto';
import type { StrategyOptionsWithRequest } from 'passport-jwt';
import type { TokenToProve } from './access-token-verifier.js';
import type { CredentialsCarrier } from './bearer-token.js';
import type { Principal } from './principal.js';

type Done = (error: unknown, key?: KeyObject) => void;

/**
 * What the guard hands to passport: the token it has read already. Passport hangs half a dozen functions onto the request it is
 * given, and the application's own request is not the place for them.
 */
export class PresentedToken {
  unproven?: TokenToProve;

  constructor(readonly text: string) {}
}

/** Of a request that came to passport by another way than the guard, where its proof is underway. */
const UNPROVEN = Symbol('token to prove');

type Carrier = PresentedToken | (CredentialsCarrier & { [UNPROVEN]?: TokenToProve });

/**
 * Proves a token the passport way: the strict reading before the signature chooses the key, `jsonwebtoken` proves it, the strict
 * reading after it gives the principal. Registered in passport as `postern-jwt`.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'postern-jwt') {
  constructor(
    private readonly verifier: AccessTokenVerifier,
    issuers: TrustedIssuers,
    clock: Clock,
  ) {
    const rules = issuers.all();
    // What differs by issuer is checked by the strict reading; what passport is told is the union, as a second fence.
    super({
      passReqToCallback: true,
      jwtFromRequest: (carrier: Carrier) =>
        carrier instanceof PresentedToken ? carrier.text : tokenIn(bearerCredentialsOf(carrier)),
      secretOrKeyProvider: (carrier: Carrier, text: string, done: Done) => provideKey(verifier, carrier, text, done),
      issuer: rules.map(({ issuer }) => issuer),
      audience: rules.flatMap(({ audience }) => audience),
      algorithms: [...new Set(rules.flatMap(({ algorithms }) => algorithms))],
      jsonWebTokenOptions: {
        clockTimestamp: 0,
        clockTolerance: Math.max(...rules.map((one) => one.clockToleranceSeconds)),
      },
    } as unknown as StrategyOptionsWithRequest);
    adapt(this, clock);
  }

  /** @throws InvalidTokenError */
  validate(carrier: Carrier): Principal {
    const unproven = carrier instanceof PresentedToken ? carrier.unproven : carrier[UNPROVEN];
    if (unproven === undefined) return refuse('nothing was prepared for this request');
    return this.verifier.settle(unproven);
  }
}

/** An exception here would become a 500, so every failure is handed on as a refusal. */
function provideKey(verifier: AccessTokenVerifier, carrier: Carrier, text: string, done: Done): void {
  const proceed = (unproven: TokenToProve): void => {
    if (carrier instanceof PresentedToken) carrier.unproven = unproven;
    else carrier[UNPROVEN] = unproven;
    done(null, unproven.key.key);
  };
  let prepared: TokenToProve | Promise<TokenToProve>;
  try {
    prepared = verifier.prepare(text);
  } catch (error) {
    return done(error);
  }
  if (prepared instanceof Promise) void prepared.then(proceed, done);
  else proceed(prepared);
}

/** What `passport-jwt` keeps of its settings. */
interface Kept {
  /** Handed to `jsonwebtoken` with every token, which copies it. */
  _verifOpts?: { clockTimestamp?: number };
  _secretOrKeyProvider?: (carrier: Carrier, text: string, done: Done) => void;
  _verify?: (carrier: Carrier, payload: unknown, done: (error: unknown, principal?: Principal) => void) => void;
}

function adapt(strategy: JwtStrategy, clock: Clock): void {
  const kept = strategy as unknown as Kept;
  const { _verifOpts: options, _secretOrKeyProvider: provide, _verify: verify } = kept;
  if (options?.clockTimestamp === undefined || provide === undefined || verify === undefined) {
    throw new Error('AuthModule: this version of passport-jwt keeps its settings elsewhere.');
  }
  kept._secretOrKeyProvider = (carrier, text, done) =>
    provide(carrier, text, (error, key) => {
      // Read in the call that follows, with nothing in between: the time of this very proof.
      options.clockTimestamp = clock.now() / 1000;
      done(error, key);
    });
  // `PassportStrategy` waits for what `validate` answers, and there is nothing to wait for. A refusal is thrown and caught.
  kept._verify = (carrier, _payload, done) => done(null, strategy.validate(carrier));
}
