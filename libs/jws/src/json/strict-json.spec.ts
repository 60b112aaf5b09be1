import { readJsonObject } from './strict-json.js';

const read = (text: string | Buffer, depth = 8) => readJsonObject(Buffer.from(text as string), depth);

describe('readJsonObject', () => {
  it('readJsonObject parses one object, with white space wherever JSON allows it', () => {
    expect(read(' {\n"a" :\t[1, {"b":"c"}],\r"d":null} ')).toEqual({ a: [1, { b: 'c' }], d: null });
  });

  it.each(['', ' ', '[]', '1', '"a"', 'null', '{"a":1}{}', '{"a":1,}', "{'a':1}", '{"a":NaN}', '{a:1}', '\uFEFF{}'])(
    'readJsonObject rejects %p',
    (text) => expect(read(text)).toBeUndefined(),
  );

  it('readJsonObject rejects bytes that are not UTF-8', () => {
    expect(read(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBeUndefined();
  });

  it.each([
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"x":{"a":1,"a":1}}',
    '{"x":[{"a":1},{"b":1,"b":2}]}',
    '{"":1,"":2}',
    '{"\\\\":1,"\\\\":2}',
    '{"a":"b://c","a":"d://e"}',
    '{"a" : 1, "a" : ":/"}',
  ])('readJsonObject rejects a repeated name: %s', (text) => expect(read(text)).toBeUndefined());

  it.each([
    '{"a":"a","b":"a"}',
    '{"a":{"a":1}}',
    '{"x":[{"a":1},{"a":1}]}',
    '{"a":"\\",\\"a\\":1","b":"{[\\\\"}',
    '{"a\\"":1,"a":2}',
    '{"a":"x\\\\","b":"\\":"}',
    '{"a":"http://x/","b":"1:2:3","c":[":"]}',
  ])('readJsonObject finds no repeated name in %s', (text) => expect(read(text)).toEqual(JSON.parse(text)));

  it('readJsonObject counts the depth of objects and lists, and ignores brackets in strings', () => {
    expect(read('{"a":[[1]]}', 3)).toBeDefined();
    expect(read('{"a":[[1]]}', 2)).toBeUndefined();
    expect(read('{"a":{"b":{}}}', 2)).toBeUndefined();
    expect(read('{"a":"[[[[","b":[],"c":{}}', 2)).toBeDefined();
  });
});
