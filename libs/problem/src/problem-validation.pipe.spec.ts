import type { ArgumentMetadata } from '@nestjs/common';
import { Transform, Type } from 'class-transformer';
import {
  IsArray,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  MinLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { MAX_DEPTH, MAX_ISSUES } from './hostile-text.js';
import { ValidationFailedError } from './problem.errors.js';
import { ProblemValidationPipe } from './problem-validation.pipe.js';

class PartDto {
  @IsString()
  @MinLength(2)
  name!: string;
}

class WholeDto {
  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => PartDto)
  parts?: PartDto[];

  @IsOptional()
  @ValidateNested()
  @Type(() => PartDto)
  part?: PartDto;

  @IsOptional()
  @IsObject()
  anything?: Record<string, unknown>;
}

class Amount {
  constructor(private readonly text: string) {}

  currency(): string {
    return this.text;
  }
}

class PageDto {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  limit?: number;

  @IsOptional()
  @Type(() => Number)
  @IsNumber({}, { each: true })
  ratios?: number[];

  @IsOptional()
  @ValidateNested()
  @Type(() => PageDto)
  inner?: PageDto;

  @IsOptional()
  @Transform(({ value }: { value: string }) => Date.parse(value))
  since?: number;

  @ValidateIf(() => false)
  @Transform(({ value }: { value: { currency: string } }) => new Amount(value.currency))
  amount?: Amount;

  #hidden = 1;

  isFirst(): boolean {
    return this.#hidden === 1;
  }

  set secret(value: number) {
    this.#hidden = value;
  }

  @IsOptional()
  @IsInt()
  set open(value: number) {
    this.#hidden = value;
  }

  get open(): number {
    return this.#hidden;
  }
}

const page: ArgumentMetadata = { type: 'query', metatype: PageDto };
const body: ArgumentMetadata = { type: 'body', metatype: WholeDto };

async function issuesOf(value: unknown, metadata: ArgumentMetadata = body): Promise<unknown> {
  try {
    await new ProblemValidationPipe().transform(value, metadata);
  } catch (error) {
    if (error instanceof ValidationFailedError) return error.extensions?.['errors'];
    throw error;
  }
  return undefined;
}

const json = (text: string): unknown => JSON.parse(text);

describe('ProblemValidationPipe', () => {
  it('ProblemValidationPipe creates an instance of the class', async () => {
    const whole = (await new ProblemValidationPipe().transform({ part: { name: 'ab' } }, body)) as WholeDto;
    expect(whole).toBeInstanceOf(WholeDto);
    expect(whole.part).toBeInstanceOf(PartDto);
  });

  it('ProblemValidationPipe reports a pointer into objects and arrays for each constraint', async () => {
    expect(await issuesOf({ part: { name: 1 }, parts: [{ name: 'ab' }, { name: 'a', size: 1 }], extra: 1 })).toEqual([
      { pointer: '/extra', detail: 'is not a known field' },
      { pointer: '/parts/1/size', detail: 'is not a known field' },
      { pointer: '/parts/1/name', detail: 'name must be longer than or equal to 2 characters' },
      { pointer: '/part/name', detail: 'name must be longer than or equal to 2 characters' },
      { pointer: '/part/name', detail: 'name must be a string' },
    ]);
  });

  it.each(['text', 1, true, null, []])('ProblemValidationPipe rejects %p instead of an object', async (value) => {
    expect(await issuesOf(value)).toEqual([{ pointer: '', detail: 'must be an object' }]);
  });

  it.each([
    ['{"anything":{"a":["b","c\\u0000"]}}', '/anything/a/1'],
    ['{"anything":{"a":"\\udc00"}}', '/anything/a'],
    ['{"anything":{"a\\u0000":1}}', '/anything/a\0'],
    ['{"anything":{"~/":"\\u0000"}}', '/anything/~0~1'],
  ])('ProblemValidationPipe rejects text that a database cannot store: %s', async (text, pointer) => {
    expect(await issuesOf(json(text))).toEqual([{ pointer, detail: expect.stringMatching(/must not contain/) }]);
  });

  it('ProblemValidationPipe accepts surrogate pairs', async () => {
    expect(await issuesOf({ anything: { a: '\u{1f600}' } })).toBeUndefined();
  });

  it('ProblemValidationPipe checks path parameters, queries, and bodies without a class', async () => {
    expect(await issuesOf('a\0', { type: 'param', metatype: String, data: 'id' })).toMatchObject([{ pointer: '/id' }]);
    expect(await issuesOf({ q: ['\0'] }, { type: 'query', metatype: Object })).toMatchObject([{ pointer: '/q/0' }]);
    expect(await issuesOf(['\0'], { type: 'body' })).toMatchObject([{ pointer: '/0' }]);
  });

  it('ProblemValidationPipe does not check the value of a custom decorator', async () => {
    expect(await issuesOf('\0', { type: 'custom', metatype: String })).toBeUndefined();
  });

  it('ProblemValidationPipe limits the nesting without recursion', async () => {
    const nested = (levels: number) => json(`{"anything":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`);
    expect(await issuesOf(nested(MAX_DEPTH - 2))).toBeUndefined();
    expect(await issuesOf(nested(MAX_DEPTH - 1))).toEqual([{ pointer: '', detail: expect.stringMatching(/deeper/) }]);
    expect(await issuesOf(nested(50_000))).toHaveLength(1);
  });

  it('ProblemValidationPipe reports at most MAX_ISSUES issues', async () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`field${index}`, 1]));
    expect(await issuesOf(many)).toHaveLength(MAX_ISSUES);
    const pairs = { extra: 1, parts: Array.from({ length: 100 }, () => ({ name: 1 })) };
    expect(await issuesOf(pairs)).toHaveLength(MAX_ISSUES);
  });

  it.each(Object.getOwnPropertyNames(Object.prototype))(
    'ProblemValidationPipe rejects a member named %s as unknown, at any depth',
    async (name) => {
      expect(await issuesOf(json(`{"${name}":1}`))).toEqual([{ pointer: `/${name}`, detail: 'is not a known field' }]);
      expect(await issuesOf(json(`{"part":{"name":"ab","${name}":1}}`))).toEqual([
        { pointer: `/part/${name}`, detail: 'is not a known field' },
      ]);
      expect(await issuesOf(json(`{"parts":[{"name":"ab","${name}":{}}]}`))).toMatchObject([
        { pointer: `/parts/0/${name}` },
      ]);
      expect(await issuesOf(Object.assign(Object.create(null), json(`{"a":1}`)), { type: 'query' })).toBeUndefined();
    },
  );

  it('ProblemValidationPipe rejects a member named like a method or an undeclared setter, at any depth', async () => {
    expect(await issuesOf({ isFirst: 1, inner: { secret: 2 } }, page)).toEqual([
      { pointer: '/isFirst', detail: 'is not a known field' },
      { pointer: '/inner/secret', detail: 'is not a known field' },
    ]);
  });

  it('ProblemValidationPipe accepts a declared setter, and the result of a transformer', async () => {
    expect(await issuesOf({ open: 3, since: '2026-12-01', amount: { currency: 'EUR' } }, page)).toBeUndefined();
  });

  it.each(['0x10', '0b11', '0o17', '1e1', '1E1', '', ' ', ' 7', '7 ', '+7', '007', '7.', '.5', '-', '1_000'])(
    'ProblemValidationPipe rejects %p instead of a number',
    async (text) => {
      expect(await issuesOf({ inner: { limit: text } }, page)).toMatchObject([{ pointer: '/inner/limit' }]);
      expect(await issuesOf({ ratios: ['1', text] }, page)).not.toBeUndefined();
      for (const type of ['param', 'query'] as const) {
        expect(await issuesOf(text, { type, metatype: Number, data: 'limit' })).toEqual([
          { pointer: '/limit', detail: 'must be a decimal number' },
        ]);
      }
    },
  );

  it.each(['0', '7', '-7', '0.5', '10.0', '12345678901'])(
    'ProblemValidationPipe accepts %p as a number',
    async (text) => {
      expect(await issuesOf({ limit: String(Math.trunc(Number(text))), ratios: [text] }, page)).toBeUndefined();
      const made = await new ProblemValidationPipe().transform(text, {
        type: 'query',
        metatype: Number,
        data: 'limit',
      });
      expect(made).toBe(Number(text));
    },
  );

  it('ProblemValidationPipe leaves a missing number undefined', async () => {
    expect(await issuesOf(undefined, { type: 'query', metatype: Number, data: 'limit' })).toBeUndefined();
  });

  it.each(['__proto__', 'constructor', 'prototype'])(
    'ProblemValidationPipe does not change a prototype by a key named %s',
    async (key) => {
      const value = json(`{"part":{"name":"ab"},"anything":{"${key}":{"polluted":true}},"${key}":{"polluted":true}}`);
      await issuesOf(value);
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
      expect((WholeDto.prototype as { polluted?: boolean }).polluted).toBeUndefined();
    },
  );
});
