import { domainToASCII, domainToUnicode } from 'node:url';
import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { InvalidEmailError } from './users.errors.js';

/** Octets of an address, by RFC 5321 §4.5.3.1.3 (the path of 256 includes its angle brackets). */
const MAX_OCTETS = 254;
/** Octets before the `@`, by RFC 5321 §4.5.3.1.1. */
const MAX_LOCAL_OCTETS = 64;
/** Bounds the work for hostile input. It exceeds the limits above because normalisation may shorten a string. */
const MAX_INPUT = 1024;

/** Two addresses that look alike must not differ in an invisible character. */
const INVISIBLE = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;
/** The dot-string of RFC 5321 §4.1.2 with the letters of RFC 6531; no quoted strings. */
const LOCAL = /^[^\s@.()<>[\]:;,"\\]+(?:\.[^\s@.()<>[\]:;,"\\]+)*$/u;
/** A host name without IPv4 forms and percent-escapes, which `domainToASCII` would also read. */
const NAME = /^[\p{L}\p{N}\p{M}-]+(?:[.\u3002][\p{L}\p{N}\p{M}-]+)+$/u;
const ASCII_NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])$/;

/**
 * The one form in which an address is stored, compared and looked up: Unicode NFKC, without surrounding white space,
 * in lower case, the domain in ASCII (IDNA). Dots and `+tags` before the `@` are kept: only the owner of the domain
 * knows their meaning. The result is at most 254 octets, 64 of them before the `@`, and is its own normal form.
 *
 * @throws InvalidEmailError for control, invisible and unassigned characters, quoted local parts, address literals
 *   (`a@[192.0.2.1]`), names without a dot, and addresses that are too long.
 * @see RFC 5321 §4.1.2, RFC 6531 §3.3, UTS #46
 */
export function normalizeEmail(text: string): string {
  if (typeof text !== 'string' || text.length > MAX_INPUT) throw new InvalidEmailError();
  // The lower case of "İ" is two code points and not NFKC, so the string is normalised twice.
  const folded = text.normalize('NFKC').trim().toLowerCase().normalize('NFKC');
  if (INVISIBLE.test(folded)) throw new InvalidEmailError();
  const at = folded.lastIndexOf('@');
  const local = folded.slice(0, at);
  const name = folded.slice(at + 1);
  if (at < 1 || !LOCAL.test(local) || !NAME.test(name)) throw new InvalidEmailError();
  const domain = domainToASCII(name);
  if (!ASCII_NAME.test(domain) || hasUnreadableLabel(domain)) throw new InvalidEmailError();
  const address = `${local}@${domain}`;
  if (Buffer.byteLength(local) > MAX_LOCAL_OCTETS) throw new InvalidEmailError();
  if (Buffer.byteLength(address) > MAX_OCTETS) throw new InvalidEmailError();
  return address;
}

/** RFC 5891 §5.4: Node 24 accepts a label that begins like Punycode but is not; Node 20 rejects the name. */
function hasUnreadableLabel(domain: string): boolean {
  return domain.includes('xn--') && domainToUnicode(domain).includes('xn--');
}

/** Whether the string already has the form of {@link normalizeEmail}. */
export function isNormalEmail(text: unknown): boolean {
  try {
    return typeof text === 'string' && normalizeEmail(text) === text;
  } catch {
    return false;
  }
}

/**
 * Property decorator of a DTO: normalises the address by {@link normalizeEmail} and rejects an invalid one.
 *
 * @example
 * ```ts
 * class LoginDto {
 *   @IsEmailAddress()
 *   email!: string;
 * }
 * ```
 */
export function IsEmailAddress(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => {
      try {
        return normalizeEmail(value as string);
      } catch {
        return value;
      }
    }),
    ValidateBy({
      name: 'isEmailAddress',
      validator: {
        validate: isNormalEmail,
        defaultMessage: () => '$property must be an e-mail address',
      },
    }),
    ApiProperty({
      type: String,
      format: 'idn-email',
      maxLength: MAX_OCTETS,
      example: 'ada@example.com',
      description: 'An e-mail address. The server normalises its spelling.',
    }),
  );
}
