import { Exclude, Expose, Transform, Type } from 'class-transformer';
import { IsOptional, IsString } from 'class-validator';
import { Column, Entity, Generated, ManyToOne } from 'typeorm';
import { UserBase } from '../user-base.entity.js';
import { checkUserEntity } from './user-entity.check.js';
import { UserField, userFieldsOf } from '../fields/user-field.decorator.js';
import type { UserFieldOptions } from '../fields/user-field.decorator.js';
import { User } from '../user.entity.js';

function entityWith(options: UserFieldOptions, ...decorators: PropertyDecorator[]): typeof User {
  class Employee extends UserBase {
    declare badge: string;
  }
  for (const decorate of decorators) decorate(Employee.prototype, 'badge');
  UserField(options)(Employee.prototype, 'badge');
  Entity('users')(Employee);
  return Employee;
}

const text = (more = {}) => Column({ type: 'varchar', ...more });

const computed = { generatedType: 'STORED', asExpression: "'x'" };

class Address {
  declare street: string;
}

describe('checkUserEntity', () => {
  it('checkUserEntity accepts the default user and a correct class', () => {
    expect(() => checkUserEntity(User)).not.toThrow();
    const required: UserFieldOptions = { register: 'required', write: 'self', claim: 'badge' };
    const optional: UserFieldOptions = { register: 'optional', write: 'self' };
    expect(() => checkUserEntity(entityWith(required, text()))).not.toThrow();
    expect(() => checkUserEntity(entityWith(optional, text({ nullable: true })))).not.toThrow();
    expect(() => checkUserEntity(entityWith(optional, text({ default: 'x' })))).not.toThrow();
  });

  it.each<[object, string]>([
    [{ register: 'required', write: 'admin' }, 'only administrators may change it'],
    [{ register: 'optional', write: 'admin', claim: 'badge' }, 'only administrators may change it'],
    [{ register: 'required' }, 'no user may change it'],
  ])(
    'checkUserEntity requires registrantMaySet if a new user may choose a field that others write: %j',
    (options, who) => {
      const column = text({ default: 'x' });
      expect(() => checkUserEntity(entityWith(options as UserFieldOptions, column))).toThrow(
        `UsersModule: Employee.badge can be chosen by any new user, but ${who}: remove \`register\`, ` +
          "write: 'self', or write registrantMaySet: true if you want this.",
      );
      const explicit = { ...options, registrantMaySet: true } as UserFieldOptions;
      expect(() => checkUserEntity(entityWith(explicit, column))).not.toThrow();
    },
  );

  it.each([{ write: 'admin' }, { register: 'optional', write: 'self' }] as object[])(
    'checkUserEntity rejects registrantMaySet if it has no effect: %j',
    (options) => {
      const idle = { ...options, registrantMaySet: true } as UserFieldOptions;
      expect(() => checkUserEntity(entityWith(idle, text({ default: 'x' })))).toThrow(
        'UsersModule: Employee.badge has registrantMaySet, which has no effect here: remove it.',
      );
    },
  );

  it('checkUserEntity requires a class that extends UserBase', () => {
    class Stranger {
      readonly id = '1';
    }
    expect(() => checkUserEntity(Stranger as never)).toThrow('Stranger must extend UserBase');
    expect(() => checkUserEntity(UserBase as never)).toThrow('UserBase must extend UserBase');
    expect(() => checkUserEntity(undefined as never)).toThrow('the class passed as "user" must extend UserBase');
  });

  it('checkUserEntity reports the path of another copy of the package whose UserBase the class extends', () => {
    @Reflect.metadata(Symbol.for('postern:copy'), { place: 'file:///app/node_modules/other/node_modules/postern' })
    class OtherBase {}
    class Employee extends OtherBase {}
    expect(() => checkUserEntity(Employee as never)).toThrow(
      'UsersModule: two copies of postern are loaded. Employee comes from file:///app/node_modules/other/node_modules/postern',
    );
  });

  it('userFieldsOf reads fields that another copy of the package declared', () => {
    class Employee extends UserBase {}
    const declared = { property: 'badge', register: false, write: false, read: 'self' };
    Reflect.defineMetadata(Symbol.for('postern:user-fields'), [declared], Employee.prototype);
    expect(userFieldsOf(Employee)).toEqual([declared]);
  });

  it("checkUserEntity requires @Entity('users')", () => {
    class Bare extends UserBase {}
    @Entity('employees')
    class Elsewhere extends UserBase {}
    @Entity()
    class Unnamed extends UserBase {}
    for (const entity of [Bare, Elsewhere, Unnamed]) {
      expect(() => checkUserEntity(entity)).toThrow(`${entity.name} must be the table "users"`);
    }
  });

  it('checkUserEntity rejects a schema on the entity and names the parameter of the database URL', () => {
    class Elsewhere extends UserBase {}
    Entity('users', { schema: 'acme' })(Elsewhere);
    const check = () => checkUserEntity(Elsewhere);
    expect(check).toThrow('UsersModule: Elsewhere has the schema "acme"');
    expect(check).toThrow("write @Entity('users'), and ?options=-c%20search_path%3Dacme in the URL of the database");
  });

  it.each<[string, UserFieldOptions, PropertyDecorator[], string]>([
    ['a property without a column', { read: 'self' }, [], 'is not a plain column'],
    [
      'an embedded class',
      { read: 'self' },
      [Column(() => Address)],
      "is an embedded class: write its columns as properties of the user, or one @Column({ type: 'jsonb' }) with @IsObject()",
    ],
    ['a related row', { read: 'self' }, [ManyToOne(() => Address)], 'put @UserField on the column of the reference'],
    ['an excluded field that is written', { write: 'self' }, [text(), Exclude()], 'removes it from requests'],
    [
      'an excluded field that is registered',
      { register: 'required', write: 'self' },
      [text(), Exclude()],
      'removes it from requests',
    ],
    [
      'a field that is excluded from requests only',
      { write: 'admin' },
      [text(), Exclude({ toClassOnly: true })],
      'from requests',
    ],
    ['a renamed field', { write: 'self' }, [text(), Expose({ name: 'badge_no' })], 'removes it from requests'],
    ['a field of a group', { write: 'self' }, [text(), Expose({ groups: ['x'] })], 'removes it from requests'],
    ['an excluded field that is read', { read: 'admin' }, [text(), Exclude()], 'removes it from responses'],
    [
      'a field that responses rename',
      { read: 'self' },
      [text(), Expose({ name: 'no', toPlainOnly: true })],
      'from responses',
    ],
    [
      'bytes that are read',
      { read: 'public' },
      [Column({ type: 'bytea', nullable: true })],
      'holds bytes, which JSON cannot represent',
    ],
    [
      'bytes that are registered',
      { register: 'required', write: 'self' },
      [Column({ type: 'bytea' }), IsString()],
      'holds bytes',
    ],
    ['bytes that are a claim', { claim: 'seal' }, [Column({ type: 'bytea' })], 'encodes base64'],
    ['a hidden column that is read', { read: 'self' }, [text({ select: false })], 'has select: false'],
    [
      'a registered field that is not inserted',
      { register: 'optional', write: 'self' },
      [text({ default: 'x', insert: false })],
      'insert: false',
    ],
    [
      'a generated field that is registered',
      { register: 'required', write: 'self' },
      [Column({ type: 'int' }), Generated()],
      'so no value is stored',
    ],
    ['a written field that is not updated', { write: 'self' }, [text({ update: false })], 'has update: false'],
    [
      'a registered field that is computed',
      { register: 'required', write: 'self' },
      [text(computed)],
      'the database computes its column',
    ],
    [
      'a written field that is computed',
      { write: 'admin' },
      [text({ generatedType: 'STORED' })],
      'computes its column',
    ],
    ['a registered claim', { claim: 'scope' }, [text()], 'means something else in an access token'],
    ['a claim that becomes the scope', { claim: 'scopes' }, [text()], 'means something else in an access token'],
    ['a claim with the name of an Object property', { claim: 'constructor' }, [text()], 'means something else'],
    ['a claim name with spaces', { claim: 'cost centre' }, [text()], 'printable ASCII'],
    [
      'a required field whose column is nullable',
      { register: 'required', write: 'self' },
      [text({ nullable: true })],
      'its column is nullable',
    ],
    [
      'a required field with @IsOptional()',
      { register: 'required', write: 'self' },
      [text(), IsOptional()],
      '@IsOptional() makes it optional',
    ],
    [
      'an optional field whose column has no default',
      { register: 'optional', write: 'self' },
      [text()],
      'its column needs a value',
    ],
    [
      'a written field without validation',
      { write: 'self' },
      [Column({ type: 'jsonb' })],
      'add a decorator of class-validator',
    ],
  ])('checkUserEntity rejects %s', (_, options, decorators, sentence) => {
    const check = () => checkUserEntity(entityWith(options, ...decorators));
    expect(check).toThrow('UsersModule: Employee.badge ');
    expect(check).toThrow(sentence);
  });

  it('checkUserEntity rejects @UserField inside an embedded class', () => {
    class Home {
      declare street: string;
    }
    text()(Home.prototype, 'street');
    class Employee extends UserBase {
      declare home: Home;
    }
    Column(() => Home)(Employee.prototype, 'home');
    Entity('users')(Employee);
    expect(() => checkUserEntity(Employee)).not.toThrow();

    class Manager extends Employee {}
    Entity('users')(Manager);
    UserField({ read: 'self' })(Home.prototype, 'street');
    expect(() => checkUserEntity(Manager)).toThrow(
      'UsersModule: Manager.home.street has @UserField inside an embedded class',
    );
  });

  it('checkUserEntity rejects @UserField in a nested embedded class', () => {
    class Geometry {
      declare height: string;
    }
    text()(Geometry.prototype, 'height');
    UserField({ read: 'self' })(Geometry.prototype, 'height');
    class Desk {
      declare geometry: Geometry;
    }
    Column(() => Geometry)(Desk.prototype, 'geometry');
    class Employee extends UserBase {
      declare desk: Desk;
    }
    Column(() => Desk)(Employee.prototype, 'desk');
    Entity('users')(Employee);
    expect(() => checkUserEntity(Employee)).toThrow('UsersModule: Employee.desk.geometry.height has @UserField inside');
  });

  it.each<[string, UserFieldOptions, PropertyDecorator[]]>([
    ['shown by its own name', { write: 'self', read: 'self' }, [Expose()]],
    ['kept from answers that do not show it', { write: 'admin' }, [Exclude({ toPlainOnly: true })]],
    ['neither sent nor shown', { claim: 'badge' }, [Exclude()]],
    ['changed on its way', { write: 'self' }, [Transform(({ value }: { value: string }) => value.trim())]],
    ['changed by what fails', { write: 'self' }, [Transform(({ value }: { value: string[] }) => value.map(String))]],
    ['left out when empty', { write: 'self' }, [Transform(() => undefined)]],
    ['of a type', { write: 'self', read: 'self' }, [Type(() => String)]],
  ])('checkUserEntity accepts class-transformer decorators on a field that is %s', (_, options, decorators) => {
    expect(() => checkUserEntity(entityWith(options, text(), ...decorators))).not.toThrow();
  });

  it.each<[string, UserFieldOptions, PropertyDecorator[]]>([
    [
      'not updated and only registered',
      { register: 'required', registrantMaySet: true, read: 'self' },
      [text({ update: false })],
    ],
    ['not inserted and only changed', { write: 'admin', read: 'self' }, [text({ insert: false, default: 'x' })]],
    ['neither of both and only read', { read: 'self', claim: 'badge' }, [text({ insert: false, update: false })]],
    ['computed and only read', { read: 'self' }, [text(computed)]],
  ])('checkUserEntity accepts a column that is %s', (_, options, decorators) => {
    expect(() => checkUserEntity(entityWith(options, ...decorators))).not.toThrow();
  });

  it('checkUserEntity accepts a column without implied validation if it has a validator', () => {
    const tags = Column({ type: 'text', array: true });
    expect(() => checkUserEntity(entityWith({ write: 'self' }, tags, IsString({ each: true })))).not.toThrow();
  });

  it('checkUserEntity rejects two properties for one column, also for a column of UserBase', () => {
    const taken =
      (...decorators: PropertyDecorator[]) =>
      () =>
        checkUserEntity(entityWith({ read: 'self' }, ...decorators));
    expect(taken(Column({ name: 'email', type: 'varchar' }))).toThrow(
      'UsersModule: Employee.badge has the column "email", as UserBase.email has: give it a column of its own.',
    );
    expect(taken(Column({ name: 'disabled_at', type: 'text' }))).toThrow('as UserBase.disabledAt has');

    @Entity('users')
    class Twice extends UserBase {
      @Column({ type: 'text' })
      desk!: string;

      @Column({ name: 'desk', type: 'text' })
      table!: string;
    }
    expect(() => checkUserEntity(Twice)).toThrow('Twice.table has the column "desk", as Twice.desk has');

    @Entity('users')
    class Unfielded extends UserBase {
      @Column({ type: 'text' })
      declare email: string;
    }
    expect(() => checkUserEntity(Unfielded)).toThrow('Unfielded.email is a column of UserBase');
  });

  it('checkUserEntity accepts a field that a subclass declares again', () => {
    abstract class Person extends UserBase {
      @Column({ type: 'text' })
      desk!: string;
    }
    @Entity('users')
    class Clerk extends Person {
      @UserField({ read: 'self' })
      @Column({ type: 'varchar', length: 9 })
      declare desk: string;
    }
    expect(() => checkUserEntity(Clerk)).not.toThrow();
  });

  it('checkUserEntity rejects two fields with one claim, and a field that is a column of UserBase', () => {
    @Entity('users')
    class Twice extends UserBase {
      @UserField({ claim: 'desk' })
      @Column({ type: 'text' })
      desk!: string;

      @UserField({ claim: 'desk' })
      @Column({ type: 'text' })
      table!: string;
    }
    expect(() => checkUserEntity(Twice)).toThrow('Twice.table has the claim name "desk", as desk has');

    @Entity('users')
    class Base extends UserBase {
      @UserField({ write: 'self' })
      @Column()
      declare email: string;
    }
    expect(() => checkUserEntity(Base)).toThrow('Base.email is a column of UserBase');
  });
});
