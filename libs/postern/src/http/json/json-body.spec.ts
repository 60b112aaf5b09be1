import type { ValidationFailedError } from 'postern/problem';
import { assertJson, parseJsonBody } from './json-body.js';
import { jsonErrorPosition } from './json-position.js';

describe('jsonErrorPosition', () => {
  it.each([
    ['', 0],
    ['   ', 3],
    ['{"a":1', 6],
    ['{"a":1,}', 7],
    ['{"a" 1}', 5],
    ['{a:1}', 1],
    ['[1,2', 4],
    ['[1 2]', 3],
    ['[01]', 1],
    ['[1.5.2]', 1],
    ['"a\nb"', 0],
    ['"\\x"', 0],
    ['nulL', 0],
    ['{} x', 3],
    ['[}', 1],
    ["{'a':1}", 1],
  ])('finds where %p stops being JSON', (text, position) => {
    expect(jsonErrorPosition(text)).toBe(position);
  });

  it('agrees with the parser about what is JSON, over thousands of damaged texts', () => {
    const seed = '{"a":[1,-2.5e+3,true,null,"x\\n\\u00e9\\"",{}],"b":{"c":[[],[{}]],"d":""} , "e":false}';
    const letters = ['{', '}', '[', ']', ',', ':', '"', '\\', '0', '1', 'e', '-', '.', ' ', 'n', 't', '\u0001', 'u'];
    let state = 42;
    const random = (below: number) => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
    let valid = 0;
    for (let round = 0; round < 20_000; round += 1) {
      let text = seed;
      for (let edits = random(3); edits >= 0; edits -= 1) {
        const at = random(text.length);
        const letter = random(2) === 0 ? letters[random(letters.length)] : '';
        text = text.slice(0, at) + letter + text.slice(at + random(2));
      }
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      if (isJson) valid += 1;
      if ((jsonErrorPosition(text) === undefined) !== isJson) throw new Error(`disagreement about ${text}`);
    }
    expect(valid).toBeGreaterThan(500);
    expect(valid).toBeLessThan(19_000);
  });

  it('opens as many brackets as a body can hold', () => {
    expect(jsonErrorPosition('['.repeat(100_000))).toBe(100_000);
  });
});

describe('parseJsonBody', () => {
  const parse = (text: string) => parseJsonBody(Buffer.from(text));

  it('lets ordinary keys pass that only sound dangerous', () => {
    expect(parse('{"constructor":"Brunel","proto":1}')).toEqual({ constructor: 'Brunel', proto: 1 });
  });

  it.each(['[{"a":{"__proto__":1}}]', '{"\\u005f\\u005fproto__":null}', '{"constructor":{"prototype":1}}'])(
    'refuses %s at any depth and under any spelling',
    (text) => {
      expect(() => parse(text)).toThrow(/key that is not allowed/);
    },
  );

  const refusalOf = (text: string): unknown => {
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
    expect(refusalOf(text)).toEqual({ errors: [{ pointer, detail: 'is written more than once' }] });
  });

  it.each([
    ['{"a":{"__proto__":1}}', '/a/__proto__'],
    ['[{"constructor":{"\\u0070rototype":1}}]', '/0/constructor/prototype'],
  ])('rejects %s with the pointer of the key that could replace a prototype', (text, pointer) => {
    expect(refusalOf(text)).toEqual({ errors: [{ pointer, detail: 'is not an allowed name' }] });
  });

  it.each([
    '{"a":"a","b":"a"}',
    '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}',
    '{"a":"\\"a\\":1,\\"a\\":2","b":"{[\\\\"}',
    '{"at":"12:30:00","url":"https://x:1/","c":["a:b","a:b"]}',
    '{"prototype":{"constructor":1},"constructor":[{"prototype":1}]}',
    '"a:a"',
  ])('reads %s, which repeats no name', (text) => {
    expect(refusalOf(text)).toEqual({ value: JSON.parse(text) });
  });

  it('finds a repeated member under as many brackets as a body can hold, with a pointer of bounded length', () => {
    const text = `${'{"a":'.repeat(15_000)}{"b":1,"b":2}${'}'.repeat(15_000)}`;
    expect(refusalOf(text)).toEqual({ errors: [{ pointer: '/a'.repeat(32), detail: 'is written more than once' }] });
  });

  it('says where a text ends too early', () => {
    expect(() => parse('{"password":"hunter2"')).toThrow(
      'The body is not valid JSON: it ends too early, at position 21.',
    );
  });
});

describe('assertJson', () => {
  it.each(['application/json', 'Application/JSON ; Charset="utf-8"', 'application/json; profile=x'])(
    'takes %s',
    (type) => {
      expect(() => assertJson({ 'content-type': type })).not.toThrow();
    },
  );

  it.each(['application/jsonp', 'text/json', 'application/json;charset=latin1', 'application/json; charset=utf-16'])(
    'refuses %s',
    (type) => {
      expect(() => assertJson({ 'content-type': type })).toThrow('must be JSON');
    },
  );

  it.each(['gzip', 'br', 'identity, gzip'])('refuses a body compressed by %s', (encoding) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    expect(() => assertJson(headers)).toThrow(/compressed/);
  });
});
