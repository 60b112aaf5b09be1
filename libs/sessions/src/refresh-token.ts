import { createHmac, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const PREFIX = 'prt_';
const VERSION = 1;
const ID_AT = 1;
const GENERATION_AT = ID_AT + 16;
const TAG_AT = GENERATION_AT + 4;
const LENGTH = TAG_AT + 32;
const ENCODED_LENGTH = Math.ceil((LENGTH * 4) / 3);

/** The parts of a refresh token before its tag is verified. */
export interface RefreshTokenParts {
  /** UUID. */
  readonly sessionId: string;
  readonly generation: number;
  /** 32 bytes. */
  readonly tag: Buffer;
}

/** The values from which a refresh token is computed. */
export interface RefreshTokenOrigin {
  /** UUID. */
  readonly id: string;
  readonly generation: number;
  readonly seed: Buffer;
}

/** The refresh token of this generation of the session. The same input always returns the same string. */
export function writeRefreshToken(key: KeyObject, session: RefreshTokenOrigin): string {
  const bytes = Buffer.alloc(LENGTH);
  bytes.writeUInt8(VERSION);
  bytesOf(session.id).copy(bytes, ID_AT);
  bytes.writeUInt32BE(session.generation, GENERATION_AT);
  tagOf(key, session).copy(bytes, TAG_AT);
  return PREFIX + bytes.toString('base64url');
}

/** The parts of a refresh token, or `undefined` for a string that `writeRefreshToken` cannot return. */
export function readRefreshToken(text: string): RefreshTokenParts | undefined {
  if (text.length !== PREFIX.length + ENCODED_LENGTH || !text.startsWith(PREFIX)) return undefined;
  const encoded = text.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, 'base64url');
  // Node also decodes padding, "+/" and stray last bits. A token must have exactly one encoding.
  if (bytes.length !== LENGTH || bytes.toString('base64url') !== encoded) return undefined;
  if (bytes.readUInt8() !== VERSION) return undefined;
  const hex = bytes.toString('hex', ID_AT, GENERATION_AT);
  return {
    sessionId: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    generation: bytes.readUInt32BE(GENERATION_AT),
    tag: bytes.subarray(TAG_AT),
  };
}

/** Whether this issuer issued the token, under its current or a previous secret. Runs in constant time. */
export function isGenuine(keys: readonly KeyObject[], token: RefreshTokenParts, seed: Buffer): boolean {
  const origin = { id: token.sessionId, generation: token.generation, seed };
  return keys.map((key) => timingSafeEqual(tagOf(key, origin), token.tag)).includes(true);
}

function tagOf(key: KeyObject, { seed, id, generation }: RefreshTokenOrigin): Buffer {
  const counted = Buffer.alloc(4);
  counted.writeUInt32BE(generation);
  return createHmac('sha256', key).update(seed).update(bytesOf(id)).update(counted).digest();
}

function bytesOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}
