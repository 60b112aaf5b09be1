import { plainToInstance } from 'class-transformer';
import { IsArray, IsIn, IsOptional, IsString, Matches, Max, MaxLength, Min, validateSync } from 'class-validator';
import type { Type } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { Column, Entity } from 'typeorm';
import { claimsOf } from './user-claims.js';
import { IsEmailAddress } from '../email-address.js';
import { registerDtoOf, updateDtoOf } from './request-dto.js';
import { responseDtoOf } from './response-dto.js';
import { UserBase } from '../user-base.entity.js';
import { UserField } from './user-field.decorator.js';
import { User } from '../user.entity.js';

@Entity('users')
class Employee extends UserBase {
  @UserField({
    register: 'required',
    write: 'admin',
    registrantMaySet: true,
    read: 'self',
    claim: 'cost_centre',
    example: 'CC-1042',
    description: 'The cost centre.',
  })
  @Column({ length: 12 })
  @Matches(/^CC-\d+$/)
  costCentre!: string;

  @UserField({ register: 'optional', write: 'self', read: 'public' })
  @Column({ type: 'varchar', length: 20, nullable: true })
  nickname!: string | null;

  @UserField({ register: 'optional', write: 'admin', registrantMaySet: true, read: 'admin' })
  @Column({ type: 'int2' })
  grade = 1;

  @UserField({ write: 'self', read: 'self', claim: 'hired_at' })
  @Column({ type: 'timestamptz', nullable: true })
  hiredAt!: Date | null;

  @Column({ type: 'text', nullable: true })
  note!: string | null;
}

@Entity('users')
class Student extends UserBase {
  @UserField({ register: 'required', write: 'self', read: 'public' })
  @Column({ type: 'enum', enum: ['bachelor', 'master'] })
  degree!: string;

  @UserField({ write: 'self', read: 'self' })
  @Column({ type: 'text', array: true, default: [] })
  @IsArray()
  @IsString({ each: true })
  @MaxLength(8, { each: true })
  tags!: string[];

  @UserField({ write: 'self' })
  @Column({ type: 'jsonb', nullable: true })
  @IsString({ each: true })
  hobbies!: string[] | null;

  @UserField({ write: 'admin' })
  @Column({ nullable: true })
  @IsOptional()
  @IsIn(['red', 'blue'])
  house?: string;
}

/** The schemas of these classes in an OpenAPI document. */
async function documentWith(extraModels: Type<object>[]) {
  const app = (await Test.createTestingModule({}).compile()).createNestApplication();
  await app.init();
  const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').build();
  const { components } = SwaggerModule.createDocument(app, config, { extraModels });
  await app.close();
  return { schemas: components?.schemas };
}

/** Validates as the server's pipe does: it rejects unknown properties. */
function problemsOf(dto: Type<object>, body: object): string[] {
  const errors = validateSync(plainToInstance(dto, body), { whitelist: true, forbidNonWhitelisted: true });
  return errors.map(({ property }) => property).toSorted();
}

const employee = Object.assign(new Employee(), {
  id: '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77',
  email: 'ada@example.com',
  emailVerifiedAt: null,
  disabledAt: null,
  createdAt: new Date(0),
  updatedAt: new Date(0),
  costCentre: 'CC-7',
  nickname: null,
  hiredAt: new Date(0),
  note: 'secret',
});

describe('registerDtoOf', () => {
  const Register = registerDtoOf(Employee);

  it('registerDtoOf accepts optional fields and requires required ones', () => {
    expect(problemsOf(Register, { costCentre: 'CC-1' })).toEqual([]);
    expect(problemsOf(Register, { costCentre: 'CC-1', nickname: 'Ada', grade: 2 })).toEqual([]);
    expect(problemsOf(Register, {})).toEqual(['costCentre']);
  });

  it('registerDtoOf rejects a field that is not declared for registration', () => {
    const body = { costCentre: 'CC-1', hiredAt: '2026-01-01T00:00:00Z', note: 'x', id: 'x', disabledAt: null };
    expect(problemsOf(Register, body)).toEqual(['disabledAt', 'hiredAt', 'id', 'note']);
  });

  it("registerDtoOf applies the team's validators and those that the columns imply", () => {
    expect(problemsOf(Register, { costCentre: 'XX-1' })).toEqual(['costCentre']);
    expect(problemsOf(Register, { costCentre: 'CC-1234567890' })).toEqual(['costCentre']);
    expect(problemsOf(Register, { costCentre: ['CC-1'] })).toEqual(['costCentre']);
    expect(problemsOf(Register, { costCentre: 'CC-1', nickname: 'x'.repeat(21) })).toEqual(['nickname']);
    expect(problemsOf(Register, { costCentre: 'CC-1', grade: 40_000 })).toEqual(['grade']);
    expect(problemsOf(Register, { costCentre: 'CC-1', grade: 1.5 })).toEqual(['grade']);
  });

  it('registerDtoOf accepts null only if the column is nullable', () => {
    expect(problemsOf(Register, { costCentre: 'CC-1', nickname: null })).toEqual([]);
    expect(problemsOf(Register, { costCentre: 'CC-1', grade: null })).toEqual(['grade']);
    expect(problemsOf(Register, { costCentre: null })).toEqual(['costCentre']);
  });

  it('registerDtoOf ignores the initialisers of the entity', () => {
    expect(Object.keys(plainToInstance(Register, { costCentre: 'CC-1' }))).toEqual(['costCentre']);
  });

  it('a subclass of registerDtoOf keeps every rule', () => {
    class RegisterDto extends Register {
      @IsEmailAddress()
      email!: string;
    }
    expect(plainToInstance(RegisterDto, { email: ' ADA@Example.com ' })).toEqual({ email: 'ada@example.com' });
    expect(problemsOf(RegisterDto, { email: 'ada@example.com', costCentre: 'CC-1' })).toEqual([]);
    expect(problemsOf(RegisterDto, { email: 'ada', costCentre: 'no', note: 'x' })).toEqual([
      'costCentre',
      'email',
      'note',
    ]);
  });

  it('registerDtoOf returns one class per entity', () => {
    expect(registerDtoOf(Employee)).toBe(Register);
    expect(registerDtoOf(Student)).not.toBe(Register);
    expect([Register.name, registerDtoOf(Student).name]).toEqual(['RegisterEmployeeDto', 'RegisterStudentDto']);
  });

  it('registerDtoOf keeps the rules of two entities apart', () => {
    expect(problemsOf(registerDtoOf(Student), { degree: 'master' })).toEqual([]);
    expect(problemsOf(registerDtoOf(Student), { degree: 'none', costCentre: 'CC-1' })).toEqual([
      'costCentre',
      'degree',
    ]);
    expect(problemsOf(Register, { costCentre: 'CC-1', degree: 'master' })).toEqual(['degree']);
  });

  it('registerDtoOf rejects every property if the user has no fields', () => {
    const errors = validateSync(plainToInstance(registerDtoOf(User), { isAdmin: true }), {
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: false,
    });
    expect(errors.map(({ property }) => property)).toEqual(['isAdmin']);
  });
});

describe('updateDtoOf', () => {
  it('updateDtoOf requires a list if a validator has each: true', () => {
    const own = updateDtoOf(Student, 'self');
    for (const hobbies of [null, [], ['chess']]) expect(problemsOf(own, { hobbies })).toEqual([]);
    for (const hobbies of ['chess', [1], { 0: 'chess' }]) expect(problemsOf(own, { hobbies })).toEqual(['hobbies']);
  });

  it('updateDtoOf allows the user to write fields of write: self, and administrators to write those too', () => {
    const own = updateDtoOf(Employee, 'self');
    const admin = updateDtoOf(Employee, 'admin');
    expect(problemsOf(own, {})).toEqual([]);
    expect(problemsOf(own, { nickname: null, costCentre: 'CC-1', grade: 2 })).toEqual(['costCentre', 'grade']);
    expect(problemsOf(admin, { nickname: 'x', costCentre: 'CC-1', grade: 2 })).toEqual([]);
    expect(problemsOf(admin, { costCentre: null })).toEqual(['costCentre']);
    expect(problemsOf(admin, { email: 'eve@example.com', emailVerifiedAt: null, note: 'x' })).toEqual([
      'email',
      'emailVerifiedAt',
      'note',
    ]);
  });

  it('updateDtoOf does not override a rule that a subclass adds for a field that the writer cannot change', () => {
    class Extended extends updateDtoOf(Employee, 'self') {
      @IsString()
      costCentre!: string;
    }
    expect(problemsOf(Extended, { costCentre: 'CC-1' })).toEqual([]);
    expect(problemsOf(Extended, { costCentre: 7 })).toEqual(['costCentre']);
  });

  it('updateDtoOf accepts ISO 8601 instants and rejects similar strings', () => {
    const own = updateDtoOf(Employee, 'self');
    expect(plainToInstance(own, { hiredAt: '2026-11-23T08:30:00Z' })).toEqual({
      hiredAt: new Date('2026-11-23T08:30:00Z'),
    });
    for (const hiredAt of ['2026', 7, '2026-02-31T00:00:00Z', '+275760-09-13T00:00:00Z', 'now', true, {}]) {
      expect(problemsOf(own, { hiredAt })).toEqual(['hiredAt']);
    }
  });

  it("updateDtoOf uses only the team's validators if the column implies none", () => {
    const own = updateDtoOf(Student, 'self');
    expect(problemsOf(own, { tags: ['a', 'b'] })).toEqual([]);
    expect(problemsOf(own, { tags: ['far too long'] })).toEqual(['tags']);
    expect(problemsOf(own, { tags: 'a' })).toEqual(['tags']);
    expect(problemsOf(updateDtoOf(Student, 'admin'), { house: 'green' })).toEqual(['house']);
  });
});

describe('responseDtoOf', () => {
  const keysFor = (reader: 'public' | 'self' | 'admin') => Object.keys(responseDtoOf(Employee, reader).from(employee));

  it('responseDtoOf shows each reader its fields, and never an undeclared column', () => {
    expect(keysFor('public')).toEqual(['id', 'nickname']);
    const own = ['id', 'email', 'emailVerifiedAt', 'createdAt', 'updatedAt', 'costCentre', 'nickname', 'hiredAt'];
    expect(keysFor('self')).toEqual(own);
    expect(keysFor('admin').toSorted()).toEqual([...own, 'disabledAt', 'deletionAt', 'grade'].toSorted());
  });

  it('responseDtoOf returns an instance of its class, never the entity', () => {
    const view = responseDtoOf(Employee, 'self').from(employee);
    expect(view).toBeInstanceOf(responseDtoOf(Employee, 'self'));
    expect(view).not.toBeInstanceOf(UserBase);
    expect(JSON.parse(JSON.stringify(view))).toMatchObject({ hiredAt: '1970-01-01T00:00:00.000Z', nickname: null });
  });
});

describe('claimsOf', () => {
  it('claimsOf returns the fields that have a claim and a value', () => {
    expect(claimsOf(employee)).toEqual({ cost_centre: 'CC-7', hired_at: '1970-01-01T00:00:00.000Z' });
    expect(claimsOf(Object.assign(new Employee(), { costCentre: 'CC-7', hiredAt: null }))).toEqual({
      cost_centre: 'CC-7',
    });
  });
});

describe('the OpenAPI document', () => {
  it('the OpenAPI document has the doc comment of a field if the compiler emits it, and no undeclared field', async () => {
    @Entity('users')
    class Commented extends UserBase {
      @UserField({ write: 'self', read: 'self' })
      @Column({ type: 'varchar', nullable: true })
      motto!: string | null;

      @Column({ type: 'varchar', nullable: true })
      salary!: string | null;

      /** The method that the compiler plugin of @nestjs/swagger emits. */
      static _OPENAPI_METADATA_FACTORY() {
        const field = { required: true, type: () => String, nullable: true };
        return { motto: { ...field, description: 'Said at the gate.' }, salary: { ...field, description: 'Secret.' } };
      }
    }
    const { schemas } = await documentWith([updateDtoOf(Commented, 'self'), responseDtoOf(Commented, 'admin')]);
    const motto = { type: ['string', 'null'], description: 'Said at the gate.' };
    expect(schemas).toMatchObject({
      UpdateOwnCommentedDto: { properties: { motto } },
      CommentedDto: { properties: { motto }, required: expect.arrayContaining(['motto']) },
    });
    expect(schemas?.['UpdateOwnCommentedDto']).not.toHaveProperty('required');
    expect(JSON.stringify(schemas)).not.toContain('salary');
  });

  it('the OpenAPI document shows the stricter of two bounds', async () => {
    @Entity('users')
    class Cleared extends UserBase {
      @UserField({ write: 'admin', read: 'admin' })
      @Column({ type: 'int', default: 0 })
      @Min(0)
      @Max(9)
      clearance!: number;

      @UserField({ write: 'admin', read: 'admin' })
      @Column({ type: 'varchar', length: 8 })
      @MaxLength(20)
      desk!: string;
    }
    const { schemas } = await documentWith([updateDtoOf(Cleared, 'admin')]);
    expect(schemas).toMatchObject({
      UpdateClearedDto: { properties: { clearance: { minimum: 0, maximum: 9 }, desk: { maxLength: 8 } } },
    });
  });

  it('the OpenAPI document agrees with the validation of each generated class', async () => {
    const { schemas } = await documentWith([
      registerDtoOf(Employee),
      updateDtoOf(Employee, 'admin'),
      responseDtoOf(Employee, 'self'),
    ]);
    expect(schemas).toMatchObject({
      RegisterEmployeeDto: {
        properties: {
          costCentre: {
            type: 'string',
            maxLength: 12,
            pattern: '^CC-\\d+$',
            example: 'CC-1042',
            description: 'The cost centre.',
          },
          nickname: { type: ['string', 'null'], maxLength: 20 },
          grade: { type: 'integer', minimum: -32_768, maximum: 32_767 },
        },
        required: ['costCentre'],
      },
      UpdateEmployeeDto: {
        properties: { costCentre: { type: 'string' }, hiredAt: { type: ['string', 'null'], format: 'date-time' } },
      },
      OwnEmployeeDto: {
        properties: {
          id: { format: 'uuid' },
          emailVerifiedAt: { type: ['string', 'null'] },
          hiredAt: { format: 'date-time' },
        },
      },
    });
    expect(schemas?.['UpdateEmployeeDto']).not.toHaveProperty('required');
  });
});
