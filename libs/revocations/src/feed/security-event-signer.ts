import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Clock } from 'postern/auth';
import { CheckedTokensSettings, KeyRing, TokenSigner } from 'postern/tokens';
import { eventFrame } from './event-frame.js';
import { securityEventOf, snapshotPageOf } from './security-event-claims.js';
import type { FeedEventTerms, SnapshotRange } from './security-event-claims.js';
import type { SequencedRevocation } from '../storage/revocation-table.js';
import { positionOf, textOfCursor } from './feed-position.js';

/** Signing blocks the event loop: it yields to other requests after this number of signatures. */
const SIGNATURES_PER_TURN = 25;

/** A signed event: one buffer that all followers share. */
export interface SignedEvent {
  /** The Server-Sent Event. */
  readonly frame: Buffer;
  /** The token alone: a view of `frame`. */
  readonly token: Buffer;
  /** The id of the signing key. */
  readonly kid: string;
}

/** Signs the events of the feed as Security Event Tokens of this issuer. */
@Injectable()
export class SecurityEventSigner {
  private readonly signed = new WeakMap<SequencedRevocation, Promise<SignedEvent>>();
  private signatures = 0;

  constructor(
    private readonly signer: TokenSigner,
    private readonly keys: KeyRing,
    private readonly settings: CheckedTokensSettings,
    private readonly clock: Clock,
  ) {}

  /** The current time in epoch seconds. */
  get now(): number {
    return this.clock.now() / 1000;
  }

  /** Whether the key of the event is still published: followers reject an event of a revoked or removed key. */
  isLive({ kid }: Pick<SignedEvent, 'kid'>): boolean {
    return this.keys.isLive(this.settings.issuer, kid);
  }

  /** The event of a revocation: signed once for all followers, and again if its key was revoked or removed. */
  async signRevocation(entry: SequencedRevocation): Promise<SignedEvent> {
    const existing = this.signed.get(entry);
    const event = await existing?.catch(() => undefined);
    if (event && this.isLive(event)) return event;
    // The first caller signs for all others.
    if (this.signed.get(entry) === existing) {
      const cursor = textOfCursor({ position: positionOf(entry) });
      this.signed.set(entry, this.sign(securityEventOf(entry, this.terms), cursor));
    }
    return this.signed.get(entry)!;
  }

  /** Signs the event of a page of a snapshot. */
  signPage(range: SnapshotRange): Promise<SignedEvent> {
    return this.sign(snapshotPageOf(range, this.terms));
  }

  private get terms(): FeedEventTerms {
    const { issuer, audience } = this.settings;
    return { issuer, audience, now: this.now };
  }

  private async sign(claims: object, id?: string): Promise<SignedEvent> {
    this.signatures += 1;
    if (this.signatures % SIGNATURES_PER_TURN === 0) await nextTurn();
    const token = await this.signer.sign(claims, { typ: 'secevent+jwt' });
    const { frame, data } = eventFrame('set', token, id);
    return { frame, token: data, kid: keyIdOf(token) };
  }
}

function keyIdOf(token: string): string {
  const header = JSON.parse(Buffer.from(token.split('.', 1)[0]!, 'base64url').toString()) as { kid: string };
  return header.kid;
}
