import type { Type } from '@nestjs/common';
import { ApiProperty, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { plainToInstance } from 'class-transformer';
import {
  IsArray,
  IsBoolean,
  IsEmail,
  IsEnum,
  IsNumberString,
  IsPhoneNumber,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  validateSync,
} from 'class-validator';
import { Column, Entity } from 'typeorm';
import type { ColumnOptions, ValueTransformer } from 'typeorm';
import { updateDtoOf } from './request-dto.js';
import { responseDtoOf } from './response-dto.js';
import { UserBase } from '../user-base.entity.js';
import { UserField } from './user-field.decorator.js';

enum Level {
  Junior,
  Senior = 7,
}

/** A public column that the user writes. The compiler emits no type for it: `T | null`. */
const Field =
  (column: ColumnOptions, ...decorators: PropertyDecorator[]): PropertyDecorator =>
  (prototype, property) => {
    for (const decorate of [...decorators, Column(column)]) decorate(prototype, property);
    UserField({ write: 'self', read: 'public' })(prototype, property);
  };

@Entity('users')
class Driver extends UserBase {
  @Field({ type: 'enum', enum: Level }) level!: Level;
  @Field({ type: 'int' }, IsEnum(Level)) step!: Level;
  @Field({ type: 'bigint', nullable: true }, IsNumberString()) mileage!: string | null;
  @Field({ type: 'numeric' }, IsNumberString()) wage!: number;
  @Field({ type: 'time', nullable: true }, Matches(/^\d\d:\d\d$/)) shift!: string | null;
  @Field({ type: 'text', array: true, default: [] }, IsString({ each: true })) routes!: string[];
  @Field({ type: 'date' }) licensedOn!: Date;
  @Field({ type: 'real', nullable: true }) weight!: number | null;
  @Field({ type: 'varchar' }, ApiProperty({ description: 'The number plate.', example: 'M-AB 1', maxLength: 9 }))
  plate!: string;
  @Field({ type: 'bigint' }, IsNumberString(), ApiProperty({ type: 'string', format: 'int64' })) badge!: number;
}

async function schemasOf(extraModels: Type<object>[]) {
  const app = (await Test.createTestingModule({}).compile()).createNestApplication();
  await app.init();
  const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').build();
  const { components } = SwaggerModule.createDocument(app, config, { extraModels });
  await app.close();
  return components?.schemas as Record<string, { properties: Record<string, unknown>; required?: string[] }>;
}

function problemsOf(body: object): string[] {
  const errors = validateSync(plainToInstance(updateDtoOf(Driver, 'self'), body), { whitelist: true });
  return errors.map(({ property }) => property);
}

describe('the schema of a field', () => {
  it('the schema of a numeric enum has its values, without the names that the compiler adds', async () => {
    for (const level of [0, 7]) expect(problemsOf({ level, step: level })).toEqual([]);
    for (const level of ['Junior', 'Senior', '0', 1]) expect(problemsOf({ level })).toEqual(['level']);
    const { PublicDriverDto, UpdateOwnDriverDto } = await schemasOf([
      responseDtoOf(Driver, 'public'),
      updateDtoOf(Driver, 'self'),
    ]);
    for (const { properties } of [PublicDriverDto!, UpdateOwnDriverDto!]) {
      expect(properties['level']).toEqual({ type: 'number', enum: [0, 7], example: 0 });
      expect(properties['step']).toMatchObject({ type: 'integer', enum: [0, 7], example: 0 });
    }
  });

  it('the schema of a field in a response has the type that the driver returns', async () => {
    const { PublicDriverDto } = await schemasOf([responseDtoOf(Driver, 'public')]);
    expect(PublicDriverDto!.properties).toMatchObject({
      mileage: { type: ['string', 'null'], example: null },
      wage: { type: 'string' },
      shift: { type: ['string', 'null'] },
      routes: { type: 'array', items: { type: 'string' } },
      licensedOn: { type: 'string', format: 'date', example: '2026-11-23' },
      weight: { type: ['number', 'null'], example: 1 },
    });
  });

  it('the schema of a field has the type that its validators accept if neither column nor compiler declares one', async () => {
    const reversed: ValueTransformer = { to: (value: unknown) => value, from: (value: unknown) => value };
    @Entity('users')
    class Sealed extends UserBase {
      @Field({ type: 'bytea', nullable: true, transformer: reversed }, IsString(), MaxLength(40)) iban!: string | null;
      @Field({ type: 'varchar', transformer: reversed }, Max(9)) grade!: number | null;
      @Field({ type: 'jsonb' }, IsArray(), IsBoolean({ each: true })) flags!: boolean[] | null;
      @Field({ type: 'jsonb' }, IsPhoneNumber()) phone!: unknown;
    }
    const schemas = await schemasOf([responseDtoOf(Sealed, 'public'), updateDtoOf(Sealed, 'self')]);
    for (const { properties } of Object.values(schemas)) {
      expect(properties).toMatchObject({
        iban: { type: ['string', 'null'], maxLength: 40 },
        grade: { type: 'number', maximum: 9 },
        flags: { type: 'array', items: { type: 'boolean' } },
        phone: { type: 'object' },
      });
    }
  });

  it('@ApiProperty() overrides the schema of a field', async () => {
    const schemas = await schemasOf([responseDtoOf(Driver, 'public'), updateDtoOf(Driver, 'self')]);
    for (const { properties } of Object.values(schemas)) {
      expect(properties['plate']).toEqual({
        type: 'string',
        description: 'The number plate.',
        example: 'M-AB 1',
        maxLength: 9,
      });
      expect(properties['badge']).toMatchObject({ type: 'string', format: 'int64' });
    }
    expect(schemas['UpdateOwnDriverDto']).not.toHaveProperty('required');
    expect(schemas['PublicDriverDto']!.required).toEqual(expect.arrayContaining(['id', 'plate', 'badge']));
    expect(responseDtoOf(Driver, 'public').example).toMatchObject({ plate: 'M-AB 1' });
  });

  it('the schema of a field has no example that its validators would reject', async () => {
    @Entity('users')
    class Picky extends UserBase {
      @Field({ type: 'varchar' }, Matches(/^CC-\d+$/)) costCentre!: string;
      @Field({ type: 'varchar', nullable: true }, Matches(/^[A-Z]+$/i)) initials!: string;
      @Field({ type: 'varchar' }, IsPhoneNumber()) phone!: string;
      @Field({ type: 'varchar' }, IsEmail()) address!: string;
      @Field({ type: 'varchar', length: 2 }) country!: string;
      @Field({ type: 'varchar' }, MinLength(6), MaxLength(7)) code!: string;
      @Field({ type: 'int' }, Min(18), Max(99)) age!: number;
      @Field({ type: 'int' }, Max(-1)) depth!: number;
    }
    const expected = {
      initials: 'text',
      address: 'ada@example.com',
      country: 'te',
      code: 'textte',
      age: 18,
      depth: -1,
    };
    const { example } = responseDtoOf(Picky, 'public');
    expect(example).toEqual({ id: expect.any(String), ...expected });
    expect(validateSync(plainToInstance(updateDtoOf(Picky, 'self'), expected))).toEqual([]);
  });
});

describe('the rules of a column', () => {
  it('a date column rejects a day that does not exist', () => {
    for (const licensedOn of ['2026-11-23', '2024-02-29', '0001-01-01', '9999-12-31']) {
      expect(problemsOf({ licensedOn })).toEqual([]);
    }
    for (const licensedOn of [
      '2026-02-31',
      '2026-02-29',
      '2026-04-31',
      '2026-13-01',
      '0000-01-01',
      '2026-11-23T00',
      7,
    ]) {
      expect(problemsOf({ licensedOn })).toEqual(['licensedOn']);
    }
  });

  it('a real column rejects a number that four bytes cannot hold', () => {
    for (const weight of [0, -0, 1.5, -3.4e38, 1e-40]) expect(problemsOf({ weight })).toEqual([]);
    for (const weight of [3.5e38, -1e300, 1e-60, Infinity, NaN, '1'])
      expect(problemsOf({ weight })).toEqual(['weight']);
  });
});
