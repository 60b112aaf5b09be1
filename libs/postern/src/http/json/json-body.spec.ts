import { MalformedRequestError } from 'postern/problem';
import type { ValidationFailedError } from 'postern/problem';
import { assertJson, parseJsonBody } from './json-body.js';

describe('parseJsonBody', () => {
  const parse = (text: string) => parseJsonBody(Buffer.from(text));

  it('accepts ordinary keys that resemble prototype keys', () => {
    expect(parse('{"constructor":"Brunel","proto":1}')).toEqual({ constructor: 'Brunel', proto: 1 });
  });

  it.each(['[{"a":{"__proto__":1}}]', '{"\\u005f\\u005fproto__":null}', '{"constructor":{"prototype":1}}'])(
    'rejects %s at any depth and in any spelling',
    (text) => {
      expect(() => parse(text)).toThrow(/key that is not allowed/);
    },
  );

  const outcomeOf = (text: string): unknown => {
    try {
      return { value: parse(text) };
    } catch (error) {
      return { ...(error as ValidationFailedError).extensions };
    }
  };

  it.each([
    ['{"a":1,"a":2}', '/a'],
    ['{"a":1,"\\u0061":2}', '/a'],
    ['{"x":{"y":[{"a":1},{"b" : 1,\n"b"\t: 2}]}}', '/x/y/1/b'],
    ['[{"a":"1","b":"c:d"},[0,{"~/":1,"~/":"://"}]]', '/1/1/~0~1'],
    ['{"a":"x\\\\","":1,"":2}', '/'],
    ['{"url":"https://a","url":"b:c"}', '/url'],
  ])('rejects %s with the pointer of the repeated member', (text, pointer) => {
    expect(outcomeOf(text)).toEqual({ errors: [{ pointer, detail: 'occurs more than once' }] });
  });

  it.each([
    ['{"a":{"__proto__":1}}', '/a/__proto__'],
    ['[{"constructor":{"\\u0070rototype":1}}]', '/0/constructor/prototype'],
  ])('rejects %s with the pointer of the key that could replace a prototype', (text, pointer) => {
    expect(outcomeOf(text)).toEqual({ errors: [{ pointer, detail: 'is not an allowed name' }] });
  });

  it.each([
    '{"a":"a","b":"a"}',
    '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}',
    '{"a":"\\"a\\":1,\\"a\\":2","b":"{[\\\\"}',
    '{"at":"12:30:00","url":"https://x:1/","c":["a:b","a:b"]}',
    '{"prototype":{"constructor":1},"constructor":[{"prototype":1}]}',
    '"a:a"',
  ])('accepts %s, which repeats no name', (text) => {
    expect(outcomeOf(text)).toEqual({ value: JSON.parse(text) });
  });

  it('finds a repeated member in a deeply nested body, and bounds the pointer', () => {
    const text = `${'{"a":'.repeat(15_000)}{"b":1,"b":2}${'}'.repeat(15_000)}`;
    expect(outcomeOf(text)).toEqual({ errors: [{ pointer: '/a'.repeat(32), detail: 'occurs more than once' }] });
  });

  it('rejects invalid JSON without quoting the body', () => {
    expect(() => parse('{"password":"hunter2"')).toThrow(new MalformedRequestError('The body is not valid JSON.'));
  });
});

describe('assertJson', () => {
  it.each(['application/json', 'Application/JSON ; Charset="utf-8"', 'application/json; profile=x'])(
    'accepts the media type %s',
    (type) => {
      expect(() => assertJson({ 'content-type': type })).not.toThrow();
    },
  );

  it.each(['application/jsonp', 'text/json', 'application/json;charset=latin1', 'application/json; charset=utf-16'])(
    'rejects the media type %s',
    (type) => {
      expect(() => assertJson({ 'content-type': type })).toThrow('must be JSON');
    },
  );

  it.each(['gzip', 'br', 'identity, gzip'])('rejects a body with the content encoding %s', (encoding) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    expect(() => assertJson(headers)).toThrow(/Compressed/);
  });
});
