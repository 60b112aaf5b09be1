import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Injectable, Optional } from '@nestjs/common';
import { Clock } from 'postern/auth';
import { CheckedLimitsSettings } from 'postern/limits';
import type { RequestLike } from 'postern/sessions';
import { InstanceSecret } from 'postern/tokens';

const PREFIX = 'pdv_';
const VERSION = 1;
const ID_AT = 1;
const TIME_AT = ID_AT + 16;
const TAG_AT = TIME_AT + 4;
const LENGTH = TAG_AT + 32;
const ENCODED_LENGTH = Math.ceil((LENGTH * 4) / 3);
const PURPOSE = 'known-device';

/** RFC 6265bis: browsers accept the prefix only from https (or localhost), for this host, and for every path. */
const COOKIE = '__Host-postern-device';
/** The header for clients without cookies, in requests and responses. */
const HEADER = 'Postern-Device';

/** The response of Fastify or Express. */
export interface DeviceResponse {
  header(name: string, value: string): unknown;
}

/**
 * Recognises a device from which a user of an account has logged in before, by a token that only this issuer can make.
 * The token is not a credential: it only separates the wrong passwords of this device from those of others, so that
 * no client can lock the owner out.
 */
@Injectable()
export class KnownDevices {
  private readonly keys: readonly KeyObject[];

  constructor(
    secret: InstanceSecret,
    private readonly clock: Clock,
    @Optional() private readonly settings?: CheckedLimitsSettings,
  ) {
    this.keys = secret.deriveAll(PURPOSE);
  }

  /** The token of a request, from the header `Postern-Device` or from the cookie. */
  tokenOf({ headers }: RequestLike): string | undefined {
    const header = headers[HEADER.toLowerCase()];
    if (typeof header === 'string') return header;
    const cookies = [headers['cookie'] ?? []].flat().join(';').split(';');
    return cookies
      .map((text) => text.trim())
      .find((text) => text.startsWith(`${COOKIE}=`))
      ?.slice(COOKIE.length + 1);
  }

  /**
   * The id of the device (32 hex digits) if the token is genuine, is made for this account, and has not expired.
   * @param account the normalised e-mail address, also if no user has it
   */
  idOf(token: string | undefined, account: string): string | undefined {
    const bytes = bytesOf(token);
    if (bytes === undefined || this.settings === undefined) return undefined;
    const age = this.clock.now() / 1000 - bytes.readUInt32BE(TIME_AT);
    const tags = this.keys.map((key) => tagOf(key, bytes.subarray(0, TAG_AT), account));
    if (!tags.map((tag) => timingSafeEqual(tag, bytes.subarray(TAG_AT))).includes(true)) return undefined;
    return age <= this.settings.deviceSeconds ? bytes.toString('hex', ID_AT, TIME_AT) : undefined;
  }

  /**
   * Sends a token for the account, as a cookie and as a header. A device that the account knows keeps its id.
   * @param account the normalised e-mail address
   */
  remember(account: string, request: RequestLike, response: DeviceResponse): void {
    if (this.settings === undefined) return;
    const token = this.issue(account, this.idOf(this.tokenOf(request), account));
    response.header(HEADER, token);
    response.header(
      'Set-Cookie',
      `${COOKIE}=${token}; Path=/; Max-Age=${this.settings.deviceSeconds}; HttpOnly; Secure; SameSite=Lax`,
    );
  }

  private issue(account: string, id: string | undefined): string {
    const bytes = Buffer.alloc(LENGTH);
    bytes.writeUInt8(VERSION);
    (id === undefined ? randomBytes(16) : Buffer.from(id, 'hex')).copy(bytes, ID_AT);
    bytes.writeUInt32BE(Math.floor(this.clock.now() / 1000), TIME_AT);
    tagOf(this.keys[0]!, bytes.subarray(0, TAG_AT), account).copy(bytes, TAG_AT);
    return PREFIX + bytes.toString('base64url');
  }
}

function bytesOf(token: string | undefined): Buffer | undefined {
  if (token === undefined || token.length !== PREFIX.length + ENCODED_LENGTH || !token.startsWith(PREFIX)) {
    return undefined;
  }
  const bytes = Buffer.from(token.slice(PREFIX.length), 'base64url');
  return bytes.length === LENGTH && bytes.readUInt8() === VERSION ? bytes : undefined;
}

function tagOf(key: KeyObject, head: Buffer, account: string): Buffer {
  return createHmac('sha256', key).update(head).update(account).digest();
}
