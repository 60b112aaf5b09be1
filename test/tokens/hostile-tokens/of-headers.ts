import { hostile } from './hostile-token.js';
import { byEs, byRs, compact, encode, goodClaims, goodHeader } from './fixture.js';
import type { HostileToken } from './hostile-token.js';
import type { World } from './fixture.js';

/** Headers that carry a key or a URL of a key. */
export function ofKeysInHeaders(world: World): HostileToken[] {
  const claims = goodClaims(world);
  const { es, rs } = world.attacker;
  const jwk = es.publicKey.export({ format: 'jwk' });
  const rsJwk = rs.publicKey.export({ format: 'jwk' });
  const attack = (more: object): string => compact({ ...goodHeader(world), ...more }, claims, byEs(es));
  const sound = (more: object): string => compact({ ...goodHeader(world), ...more }, claims, byEs(world.es));
  const der = es.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const { kid: _, ...nameless } = goodHeader(world);
  return hostile('key in header', {
    'jwk of the attacker': attack({ jwk }),
    'jwk with our kid': attack({ jwk: { ...jwk, kid: world.es.kid, alg: 'ES256', use: 'sig' } }),
    'jwk and no kid': compact({ ...nameless, jwk }, claims, byEs(es)),
    'jwk of RSA (CVE-2018-0114)': compact({ alg: 'RS256', typ: 'at+jwt', jwk: rsJwk }, claims, byRs(rs)),
    'jwk as a text': attack({ jwk: JSON.stringify(jwk) }),
    'jwk empty': attack({ jwk: {} }),
    'jwk null on a sound token': sound({ jwk: null }),
    'jwk of our own on a sound token': sound({ jwk: world.es.publicKey.export({ format: 'jwk' }) }),
    'jwk of a secret': attack({ jwk: { kty: 'oct', k: 'AAAA' } }),
    'jku of the attacker': attack({ jku: `${world.canary}/jku` }),
    'jku and a new kid': attack({ jku: `${world.canary}/jku-kid`, kid: 'new' }),
    'jku with our issuer in its path': attack({ jku: `${world.canary}/${world.issuer}` }),
    'jku by a user part': attack({ jku: world.canary.replace('://', '://id.example.com@') }),
    'jku of a file': attack({ jku: 'file:///etc/passwd' }),
    'jku of metadata of the cloud': attack({ jku: 'http://169.254.169.254/latest/meta-data/' }),
    'jku as a list': attack({ jku: [`${world.canary}/list`] }),
    'jku on a sound token': sound({ jku: `${world.canary}/sound` }),
    'jku empty on a sound token': sound({ jku: '' }),
    'x5u of the attacker': attack({ x5u: `${world.canary}/x5u` }),
    'x5u on a sound token': sound({ x5u: `${world.canary}/x5u-sound` }),
    'x5c of the attacker': attack({ x5c: [der] }),
    'x5c empty on a sound token': sound({ x5c: [] }),
    'x5c on a sound token': sound({ x5c: [der] }),
    'x5t by the attacker': attack({ x5t: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA' }),
    'x5t#S256 by the attacker': attack({ 'x5t#S256': 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }),
    'all of them': attack({ jwk, jku: `${world.canary}/all`, x5u: `${world.canary}/all-x5u`, x5c: [der] }),
  });
}

/** Key ids with another meaning, such as paths and queries. */
export function ofKids(world: World): HostileToken[] {
  const { es, rs } = world;
  const claims = goodClaims(world);
  const named = (kid: unknown): string => compact({ ...goodHeader(world), kid }, claims, byEs(world.es));
  const kids: Record<string, unknown> = {
    unknown: `${es.kid.slice(0, -1)}2`,
    empty: '',
    null: null,
    'a number': 1,
    true: true,
    'a list': [es.kid],
    'an object': { toString: es.kid },
    'with a space': `${es.kid} `,
    'with a NUL': `${es.kid}\u0000`,
    'in upper case': es.kid.toUpperCase(),
    'a path': '../../../../../../dev/null',
    'a path to a key of ours': `./${es.kid}`,
    'an absolute path': '/dev/null',
    'a Windows path': 'C:\\Windows\\win.ini',
    SQL: "' UNION SELECT 'AAAA' -- ",
    'SQL that is always true': `${es.kid}' OR '1'='1`,
    'a shell': `${es.kid}|/usr/bin/id`,
    'a shell substitution': '$(id)',
    'a template': '{{7*7}}',
    'a URL': `${world.canary}/kid`,
    'a JNDI look-up': `\${jndi:ldap://127.0.0.1/a}`,
    LDAP: '*)(uid=*',
    'line ends': `${es.kid}\r\nX-Injected: 1`,
    'a prototype': '__proto__',
    constructor: 'constructor',
    toString: 'toString',
    hasOwnProperty: 'hasOwnProperty',
    '257 characters': 'k'.repeat(257),
    '5,000 characters': 'k'.repeat(5_000),
    'that of the other key': rs.kid,
  };
  const { kid: _, ...nameless } = goodHeader(world);
  return hostile('kid', {
    ...Object.fromEntries(Object.entries(kids).map(([name, kid]) => [name, named(kid)])),
    'missing where two keys of the issuer fit': compact(nameless, claims, byEs(world.es)),
  });
}

/** Header parameters that change the meaning of the token. */
export function ofCriticals(world: World): HostileToken[] {
  const claims = goodClaims(world);
  const sound = (more: object): string => compact({ ...goodHeader(world), ...more }, claims, byEs(world.es));
  const detached = (): string => {
    const header = encode({ ...goodHeader(world), b64: false, crit: ['b64'] });
    const payload = JSON.stringify(claims);
    return `${header}.${encode(payload)}.${byEs(world.es)(`${header}.${payload}`).toString('base64url')}`;
  };
  return hostile('critical', {
    'crit with an unknown name': sound({ crit: ['exp'], exp: 1 }),
    'crit with b64': sound({ crit: ['b64'], b64: true }),
    'crit empty': sound({ crit: [] }),
    'crit null': sound({ crit: null }),
    'crit as a text': sound({ crit: 'exp' }),
    'crit with a number': sound({ crit: [1] }),
    'crit with a name of the RFC itself': sound({ crit: ['alg'] }),
    'crit with a missing parameter': sound({ crit: ['urn:example:policy'] }),
    'crit twice the same': sound({ crit: ['exp', 'exp'], exp: 1 }),
    'crit false': sound({ crit: false }),
    'b64 false': sound({ b64: false }),
    'b64 true': sound({ b64: true }),
    'b64 null': sound({ b64: null }),
    'b64 with an unencoded payload signed': detached(),
    'zip DEF': sound({ zip: 'DEF' }),
    'zip unknown': sound({ zip: 'GZIP' }),
    'zip null': sound({ zip: null }),
    'cty JWT': sound({ cty: 'JWT' }),
    'cty json': sound({ cty: 'json' }),
    'cty empty': sound({ cty: '' }),
    'cty and a token inside': compact(
      { ...goodHeader(world), cty: 'JWT' },
      compact(goodHeader(world), claims, byEs(world.es)),
      byEs(world.es),
    ),
  });
}
