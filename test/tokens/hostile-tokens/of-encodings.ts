import { hostile } from './hostile-token.js';
import { byEs, compact, encode, goodClaims, goodHeader } from './fixture.js';
import type { HostileToken } from './hostile-token.js';
import type { Part, World } from './fixture.js';

/** JSON that is ambiguous or invalid. */
export function ofJson(world: World): HostileToken[] {
  const claims = goodClaims(world);
  const header = JSON.stringify(goodHeader(world));
  const body = JSON.stringify(claims);
  const inner = (text: string): string => text.slice(1, -1);
  const signed = (first: Part, second: Part): string => compact(first, second, byEs(world.es));
  const ofHeader = (text: string | Buffer): string => signed(text, body);
  const ofPayload = (text: string | Buffer): string => signed(header, text);
  const nested = (depth: number): string => `{${inner(body)},"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const withByte = (byte: number): Buffer =>
    Buffer.concat([Buffer.from(body.slice(0, 10)), Buffer.from([byte]), Buffer.from(body.slice(10))]);
  const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
  return hostile('JSON', {
    'alg twice, good one last': ofHeader(`{"alg":"none",${inner(header)}}`),
    'alg twice, good one first': ofHeader(`{${inner(header)},"alg":"none"}`),
    'alg twice, the same': ofHeader(`{${inner(header)},"alg":"ES256"}`),
    'alg twice, once escaped': ofHeader(`{${inner(header)},"\\u0061lg":"ES256"}`),
    'kid twice': ofHeader(`{${inner(header)},"kid":"${world.rs.kid}"}`),
    'typ twice': ofHeader(`{"typ":"JWT",${inner(header)}}`),
    'an unknown parameter twice': ofHeader(`{${inner(header)},"a":1,"a":2}`),
    'twice inside an unknown parameter': ofHeader(`{${inner(header)},"a":{"b":1,"b":2}}`),
    'sub twice': ofPayload(`{${inner(body)},"sub":"admin"}`),
    'sub twice, once escaped': ofPayload(`{${inner(body)},"s\\u0075b":"admin"}`),
    'exp twice': ofPayload(`{"exp":1,${inner(body)}}`),
    'iss twice': ofPayload(`{"iss":"https://evil.example","aud":"x",${inner(body)}}`),
    'aud twice': ofPayload(`{${inner(body)},"aud":"orders"}`),
    'scope twice': ofPayload(`{${inner(body)},"scope":"admin"}`),
    'twice in a list of objects': ofPayload(`{${inner(body)},"x":[{"a":1,"a":1}]}`),
    'twice the empty name': ofPayload(`{${inner(body)},"":1,"":2}`),
    'twice after white space': ofPayload(`{${inner(body)},"x" : 1,\n"x"\t:2}`),
    '__proto__ twice': ofPayload(`{${inner(body)},"__proto__":1,"__proto__":2}`),
    'a byte-order mark before the header': ofHeader(Buffer.concat([BOM, Buffer.from(header)])),
    'a byte-order mark before the payload': ofPayload(Buffer.concat([BOM, Buffer.from(body)])),
    'UTF-16': ofPayload(Buffer.from(body, 'utf16le')),
    'a byte that is not UTF-8 (FF)': ofPayload(withByte(0xff)),
    'a lone continuation byte (80)': ofPayload(withByte(0x80)),
    'an overlong slash (C0 AF)': ofPayload(
      Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xc0, 0xaf]), Buffer.from(`",${inner(body)}}`)]),
    ),
    'a surrogate in UTF-8 (ED A0 80)': ofPayload(
      Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from(`",${inner(body)}}`)]),
    ),
    'broken UTF-8 in the header': ofHeader(
      Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff]), Buffer.from(`",${inner(header)}}`)]),
    ),
    'garbage after the payload': ofPayload(`${body}x`),
    'a second object after the payload': ofPayload(`${body}{}`),
    'a NUL after the payload': ofPayload(`${body}\0`),
    'garbage after the header': ofHeader(`${header}}`),
    'a comment': ofPayload(`{/* */${inner(body)}}`),
    'a comma at the end': ofPayload(`{${inner(body)},}`),
    'a lone surrogate': ofPayload(`{${inner(body)},"x":"\\ud83d"}`),
    'a lone surrogate in a name': ofPayload(`{${inner(body)},"\\udE00":1}`),
    'surrogates in the wrong order': ofPayload(`{${inner(body)},"x":[{"y":"\\ude00\\ud83d"}]}`),
    'a lone surrogate in the header': ofHeader(`{${inner(header)},"x":"\\uD800"}`),
    'single quotes': ofPayload(body.replaceAll('"', "'")),
    NaN: ofPayload(body.replace(/"exp":\d+/, '"exp":NaN')),
    Infinity: ofPayload(body.replace(/"exp":\d+/, '"exp":Infinity')),
    'a number beyond all numbers': ofPayload(body.replace(/"exp":\d+/, '"exp":1e999')),
    'a hexadecimal number': ofPayload(body.replace(/"exp":\d+/, '"exp":0x7fffffff')),
    'a number with a leading zero': ofPayload(body.replace(/"exp":/, '"exp":0')),
    'cut in the middle': ofPayload(body.slice(0, -5)),
    'nothing in the payload': `${encode(header)}..${byEs(world.es)(`${encode(header)}.`).toString('base64url')}`,
    'an empty object': ofPayload('{}'),
    'a list': ofPayload(`[${body}]`),
    'a text': ofPayload(JSON.stringify(body)),
    'a number as the payload': ofPayload('1'),
    'null as the payload': ofPayload('null'),
    'true as the payload': ofPayload('true'),
    'a list as the header': ofHeader(`[${header}]`),
    'a text as the header': ofHeader(JSON.stringify(header)),
    'null as the header': ofHeader('null'),
    'white space as the header': ofHeader(' '),
    'nine levels': ofPayload(nested(8)),
    'a thousand levels': ofPayload(nested(1_000)),
    'a thousand levels in the header': ofHeader(`{${inner(header)},"x":${'['.repeat(1_000)}${']'.repeat(1_000)}}`),
    'objects nine deep': ofPayload(`{${inner(body)},"x":${'{"a":'.repeat(8)}1${'}'.repeat(8)}}`),
  });
}

/** Encodings of a token other than the canonical one. */
export function ofEncodings(world: World): HostileToken[] {
  const token = compact(goodHeader(world), goodClaims(world), byEs(world.es));
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const json = { protected: header, payload, signature };
  // Two bytes at the end leave unused bits, so another text decodes to the same bytes.
  const last = (text: string): string => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    return `${text.slice(0, -1)}${alphabet[alphabet.indexOf(text.at(-1)!) + 1]}`;
  };
  const resigned = (first: string, second: string): string =>
    `${first}.${second}.${byEs(world.es)(`${first}.${second}`).toString('base64url')}`;
  const unused = (length: number): string => JSON.stringify({ ...goodHeader(world), x: 'x'.repeat(length) });
  const paddable = [0, 1, 2].map(unused).find((text) => Buffer.byteLength(text) % 3 === 1)!;
  const longHeader = encode(paddable);
  return hostile('encoding', {
    'padding after the signature': `${token}==`,
    'padding after the payload': resigned(header, `${payload}=`),
    'padding after the header': resigned(`${longHeader}==`, payload),
    'padding, percent-encoded': `${token}%3D%3D`,
    'plus and slash': `${header}.${payload}.${signature.replaceAll('-', '+').replaceAll('_', '/')}+/`,
    'unused bits set in the signature': `${header}.${payload}.${last(signature)}`,
    'unused bits set in the header': resigned(last(longHeader), payload),
    'a space in the signature': `${header}.${payload}.${signature.slice(0, 9)} ${signature.slice(9)}`,
    'a space in the payload': resigned(header, `${payload.slice(0, 9)} ${payload.slice(9)}`),
    'a space before': ` ${token}`,
    'a space after': `${token} `,
    'a tab before': `\t${token}`,
    'a line end after': `${token}\n`,
    'CRLF and a header after': `${token}\r\nX-Injected: 1`,
    'a NUL after': `${token}\0`,
    'a NUL in the middle': `${header}.\0${payload}.${signature}`,
    'a zero-width space': resigned(`${header}\u200b`, payload),
    'full-width letters': `${header}.${payload}.Ａ${signature.slice(1)}`,
    'a letter outside of the alphabet': `${header}.${payload}.${signature.slice(0, -1)}!`,
    'a question mark inside': resigned(`${header.slice(0, 5)}?${header.slice(5)}`, payload),
    'one character in a part': `${header}.${payload}.A`,
    nothing: '',
    'a point': '.',
    'two points': '..',
    'three points': '...',
    'one part': header,
    'two parts': `${header}.${payload}`,
    'no header': `.${payload}.${signature}`,
    'a point before': `.${token}`,
    'a point after': `${token}.`,
    'four parts': `${token}.${signature}`,
    'five parts, as a JWE': `${token}.${payload}.${signature}`,
    'two points in a row': `${header}..${payload}.${signature}`,
    'a thousand points': '.'.repeat(1_000),
    'twice, with a comma': `${token},${token}`,
    'twice, with a space': `${token} ${token}`,
    'in quotes': `"${token}"`,
    'with the scheme again': `Bearer ${token}`,
    'the flattened JSON serialisation': JSON.stringify(json),
    'the general JSON serialisation': JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
    'JSON and compact at once': `{"x":".${token}."}`,
    'encoded once more': encode(token),
    'percent-encoded points': token.replaceAll('.', '%2E'),
    'a full stop of another script': token.replaceAll('.', '。'),
    'the word undefined': 'undefined',
    'the word null': 'null',
  });
}

/** Texts that are too long. */
export function ofSizes(world: World): HostileToken[] {
  const claims = goodClaims(world);
  const sized = (length: number): string => {
    const make = (fill: number): string =>
      compact(goodHeader(world), { ...claims, x: 'x'.repeat(fill) }, byEs(world.es));
    let fill = Math.floor(((length - make(0).length) * 3) / 4);
    while (make(fill).length < length) fill += 1;
    return make(fill);
  };
  return hostile('size', {
    'a sound token just above 8 KiB': sized(8_193),
    'a sound token of 9 KiB': sized(9_000),
    'a sound token of 12 KiB': sized(12_000),
    'a sound token of 64 KiB': sized(65_536),
    'a header of 7 KiB in a token of 9': compact(
      { ...goodHeader(world), x: 'x'.repeat(6_000) },
      claims,
      byEs(world.es),
    ),
    'a mebibyte of one letter': 'A'.repeat(1_048_576),
    'a mebibyte of points': '.'.repeat(1_048_576),
    'a mebibyte in the signature': compact(goodHeader(world), claims, () => Buffer.alloc(786_432)),
    'ten thousand names': compact(
      goodHeader(world),
      { ...claims, ...Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`x${at}`, at])) },
      byEs(world.es),
    ),
    'one character': 'A',
  });
}
