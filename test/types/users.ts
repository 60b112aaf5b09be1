/**
 * What the compiler must refuse of a team that works with its own user: `tsc --noEmit` is the test, since an
 * `@ts-expect-error` above a line that compiles is an error itself.
 */
import { Column, Entity } from 'typeorm';
import {
  EntityPrincipalMapper,
  UserBase,
  UserField,
  UsersModule,
  type NewUser,
  type TeamField,
  type UserChanges,
  type UsersService,
} from 'postern/users';

@Entity('users')
class Employee extends UserBase {
  @UserField({ register: 'required', write: 'admin', read: 'self' })
  @Column({ length: 12 })
  costCentre!: string;

  @UserField({ register: 'optional', write: 'self', read: 'public' })
  @Column({ type: 'varchar', nullable: true })
  nickname!: string | null;

  @Column({ type: 'int', nullable: true })
  floor?: number;

  initials(): string {
    return this.email.slice(0, 2);
  }
}

class Stranger {
  id!: string;
}

export async function create(users: UsersService<Employee>): Promise<string> {
  const employee = await users.create({ email: 'ada@example.com', costCentre: 'CC-1', nickname: null });
  await users.create({ email: 'ada@example.com', costCentre: 'CC-1', emailVerifiedAt: new Date(), floor: 3 });
  // @ts-expect-error a misspelt field
  await users.create({ email: 'ada@example.com', costCenter: 'CC-1' });
  // @ts-expect-error a required field is missing
  await users.create({ email: 'ada@example.com' });
  // @ts-expect-error the address is missing
  await users.create({ costCentre: 'CC-1' });
  // @ts-expect-error a wrong type
  await users.create({ email: 'ada@example.com', costCentre: 7 });
  // @ts-expect-error null where the column has none
  await users.create({ email: 'ada@example.com', costCentre: null });
  // @ts-expect-error the id is made by the application
  await users.create({ email: 'ada@example.com', costCentre: 'CC-1', id: '1' });
  // @ts-expect-error a method is no field
  await users.create({ email: 'ada@example.com', costCentre: 'CC-1', initials: () => 'x' });
  // @ts-expect-error a user is disabled by disable()
  await users.create({ email: 'ada@example.com', costCentre: 'CC-1', disabledAt: new Date() });
  // @ts-expect-error what comes back is an Employee, and has no such field
  return employee.costCenter ?? employee.costCentre;
}

export async function change(users: UsersService<Employee>, id: string): Promise<string | null> {
  await users.update(id, {});
  await users.update(id, { costCentre: 'CC-2' });
  // @ts-expect-error a misspelt field
  await users.update(id, { costCenter: 'CC-2' });
  // @ts-expect-error a wrong type
  await users.update(id, { nickname: 7 });
  // @ts-expect-error a user is disabled by disable()
  await users.update(id, { disabledAt: null });
  const found = await users.findById(id);
  // @ts-expect-error there may be none
  return found.nickname;
}

export function compose(): unknown[] {
  return [
    UsersModule.forRoot({ user: Employee }),
    UsersModule.forRoot({}),
    // @ts-expect-error no user at all
    UsersModule.forRoot({ user: Stranger }),
    // @ts-expect-error a misspelt part
    UsersModule.forRoot({ users: Employee }),
    // @ts-expect-error a controller is a class or false
    UsersModule.forRoot({ controllers: { me: true } }),
  ];
}

export class Misdeclared extends UserBase {
  // @ts-expect-error the public registers nothing
  @UserField({ register: 'public' })
  badge!: string;

  // @ts-expect-error only the user or an administrator may write
  @UserField({ write: 'public' })
  desk!: string;

  // @ts-expect-error a misspelt option
  @UserField({ reads: 'self' })
  room!: string;
}

export type Mapped = ReturnType<EntityPrincipalMapper<Employee>['map']> extends Promise<Employee> ? true : never;
export const mapped: Mapped = true;
export const fields: TeamField<Employee>[] = ['costCentre', 'nickname', 'floor'];
// @ts-expect-error Postern's own column is no field of the team
export const own: TeamField<Employee> = 'email';
export const fresh: NewUser = { email: 'ada@example.com' };
// @ts-expect-error the default user has no further fields
export const strange: NewUser = { email: 'ada@example.com', costCentre: 'CC-1' };
export const unchanged: UserChanges<Employee> = {};
