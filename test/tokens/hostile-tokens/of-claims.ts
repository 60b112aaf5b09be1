import { hostile } from './hostile-token.js';
import { byEs, compact, goodClaims, goodHeader } from './fixture.js';
import type { HostileToken } from './hostile-token.js';
import type { World } from './fixture.js';

const TOLERANCE = 5;
/** The allowed clock difference of an issuing replica, in seconds. */
const ISSUED_AHEAD = 60;
const MAX_LIFETIME = 86_400;
const DAY = 86_400;

/** Claims that are missing, of the wrong type, just outside of a limit, or far outside. */
export function ofClaims(world: World): HostileToken[] {
  const { now } = world;
  const claims = goodClaims(world);
  const signed = (more: object): string => compact(goodHeader(world), { ...claims, ...more }, byEs(world.es));
  const texts: Record<string, string> = {};
  const tryAll = (name: string, values: Readonly<Record<string, unknown>>): void => {
    for (const [kind, value] of Object.entries(values)) texts[`${name} ${kind}`] = signed({ [name]: value });
  };
  const notTexts = { null: null, 'a number': 1, true: true, 'a list': ['x'], 'an object': {}, empty: '' };
  const notNumbers = {
    null: null,
    'a text': String(now + 60),
    true: true,
    'a list': [now],
    'an object': {},
    empty: '',
    negative: -1,
  };
  for (const name of ['iss', 'sub', 'jti', 'sid', 'client_id', 'org', 'acr']) tryAll(name, notTexts);
  for (const name of ['exp', 'iat', 'nbf', 'auth_time']) tryAll(name, notNumbers);
  for (const name of ['iss', 'sub', 'aud', 'exp', 'iat', 'jti'])
    texts[`${name} missing`] = signed({ [name]: undefined });
  for (const name of ['roles', 'amr']) {
    tryAll(name, {
      null: null,
      'a text': 'admin',
      'a number': 1,
      'an object': { 0: 'admin' },
      'a list of numbers': [1],
      'a list of lists': [['admin']],
    });
  }
  tryAll('aud', {
    null: null,
    'a number': 1,
    true: true,
    'an object': { 0: world.audience },
    empty: '',
    'an empty list': [],
    'a list with a number': [world.audience, 1],
    'a list in a list': [[world.audience]],
    'of another': 'billing',
    'of others': ['billing', 'shipping'],
    'of the other issuer': world.partner.audience,
    'in upper case': world.audience.toUpperCase(),
    'with a space': `${world.audience} `,
    'only a prefix': world.audience.slice(0, -1),
    'ours and more in one text': `${world.audience} billing`,
  });
  tryAll('iss', {
    'with a slash': `${world.issuer}/`,
    'in upper case': world.issuer.toUpperCase(),
    'without https': world.issuer.replace('https', 'http'),
    'with a space': `${world.issuer} `,
    'a sub-domain': 'https://id.example.com.evil.example',
    'of the canary': world.canary,
    'a prototype': '__proto__',
    'of another trusted issuer': world.partner.issuer,
  });
  tryAll('sub', {
    '256 characters': 's'.repeat(256),
    'with a NUL': 'admin\u0000',
    'with a line end': 'admin\nroot',
    'with a delete': 'admin\u007f',
    'with a next line': 'admin\u0085',
    'with a line separator': 'admin\u2028',
  });
  tryAll('jti', { 'with a NUL': 'a\u0000b', '513 characters': 'j'.repeat(513) });
  tryAll('scope', {
    null: null,
    'a number': 1,
    'a list': ['orders:read'],
    'an object': {},
    'with two spaces': 'orders:read  orders:write',
    'with a space before': ' orders:read',
    'with a space after': 'orders:read ',
    'with a tab': 'orders:read\torders:write',
    'with a quote': 'orders:"read"',
    'with a line end': 'orders:read\norders:write',
    'outside of ASCII': 'orders:réad',
  });
  tryAll('cnf', {
    'a thumbprint of DPoP': { jkt: 'x' },
    'a certificate': { 'x5t#S256': 'x' },
    'a key': { jwk: {} },
    null: null,
    empty: {},
  });
  tryAll('exp', {
    'just expired': now - TOLERANCE,
    'a day ago': now - DAY,
    zero: 0,
    'in milliseconds': (now + 60) * 1000,
    'a second beyond the longest life': now - 10 + MAX_LIFETIME + 1,
    'in a hundred years': now + 36_525 * DAY,
    'before iat': now - 11,
  });
  tryAll('iat', {
    'just in the future, a second beyond the 60 that clocks may differ by': now + ISSUED_AHEAD + 1,
    'in a day': now + DAY,
    'in milliseconds': now * 1000,
    zero: 0,
    'two days ago': now - 2 * DAY,
  });
  tryAll('nbf', { 'just in the future': now + TOLERANCE + 1, 'in a day': now + DAY, 'in milliseconds': now * 1000 });
  return hostile('claims', {
    ...texts,
    'exp and iat the same instant': signed({ exp: now, iat: now }),
    'expired in every way': signed({ exp: now - 2 * DAY, iat: now - 3 * DAY }),
  });
}
