import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CheckedMailSettings } from 'postern/mail';
import { CheckedAccountsSettings } from '../checked-accounts-settings.js';
import type { RequestLike } from 'postern/sessions';

const CODE_BYTES = 32;
const NAME = 'postern_magic_link';

/** A new code, and its hash for the database. */
export interface BrowserCode {
  /** 43 characters, base64url. */
  readonly code: string;
  /** SHA-256, base64url. */
  readonly hash: string;
}

/** Binds a magic link to the browser that requested it: by a cookie, or by a code that the client keeps. */
@Injectable()
export class BrowserBinding {
  /** The name of the cookie. */
  readonly cookie: string;
  private readonly attributes: string;

  constructor({ publicUrl }: CheckedMailSettings, { linkSeconds }: CheckedAccountsSettings) {
    const isSecure = publicUrl.startsWith('https:');
    // Only this host can set a cookie with the prefix (RFC 6265bis §4.1.3.2). Plain HTTP on localhost has none.
    this.cookie = isSecure ? `__Host-${NAME}` : NAME;
    this.attributes = `Max-Age=${linkSeconds.magicLink}; Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  }

  /** Returns a new code of 256 random bits. */
  issue(): BrowserCode {
    const code = randomBytes(CODE_BYTES).toString('base64url');
    return { code, hash: hashOf(code).toString('base64url') };
  }

  /** Returns the header `Set-Cookie` that stores the code in the browser. */
  cookieOf(code: string): string {
    return `${this.cookie}=${code}; ${this.attributes}`;
  }

  /** Returns the codes in the cookies of the request. */
  codesIn(request: RequestLike): string[] {
    const header = request.headers['cookie'];
    return (Array.isArray(header) ? header.join(';') : (header ?? ''))
      .split(';')
      .map((pair) => pair.trim().split('='))
      .filter(([name]) => name === this.cookie)
      .map(([, value = '']) => value);
  }

  /** Whether one of the codes has this hash. */
  matches(codes: readonly string[], hash: string): boolean {
    const expected = Buffer.from(hash, 'base64url');
    return codes.map((code) => timingSafeEqual(hashOf(code), expected)).includes(true);
  }
}

function hashOf(code: string): Buffer {
  return createHash('sha256').update(code).digest();
}
