/**
 * The compile errors for a team with its own user class. `tsc --noEmit` is the test: an `@ts-expect-error` above a line
 * that compiles is an error itself.
 */
import { Column, Entity } from 'typeorm';
import { registrationControllerOf } from 'postern/accounts';
import type { MailSent, NewAccount, Registration } from 'postern/accounts';
import type { Principal } from 'postern/auth';
import {
  adminUsersControllerOf,
  EntityPrincipalMapper,
  meControllerOf,
  UserBase,
  UserField,
  UsersModule,
} from 'postern/users';
import type {
  RelatedColumn,
  AdminUsersRoutes,
  ListUsersDto,
  NewUser,
  SeenUser,
  TeamField,
  TeamFields,
  UserChanges,
  UsersService,
} from 'postern/users';

@Entity('users')
class Employee extends UserBase {
  @UserField({ write: 'admin', read: 'self' })
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

/** With what is not given at creation: it is computed, or the database makes it. */
@Entity('users')
class Manager extends Employee {
  @Column({ name: 'parking_space', type: 'int', default: 7, update: false })
  readonly parkingSpace!: number;

  get greeting(): string {
    return `Hello ${this.email}`;
  }

  get room(): string {
    return this.costCentre;
  }

  set room(room: string) {
    this.costCentre = room;
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
  // @ts-expect-error a method is not a field
  await users.create({ email: 'ada@example.com', costCentre: 'CC-1', initials: () => 'x' });
  // @ts-expect-error a user is disabled by disable()
  await users.create({ email: 'ada@example.com', costCentre: 'CC-1', disabledAt: new Date() });
  // @ts-expect-error what comes back is an Employee, and has no such field
  return employee.costCenter ?? employee.costCentre;
}

export async function promote(managers: UsersService<Manager>): Promise<number> {
  const { parkingSpace } = await managers.create({ email: 'ada@example.com', costCentre: 'CC-1', room: 'B' });
  await managers.create({ email: 'ada@example.com', costCentre: 'CC-1', room: 'B', parkingSpace: 7 });
  // @ts-expect-error a required field is missing
  await managers.create({ email: 'ada@example.com', room: 'B' });
  // @ts-expect-error what has a setter is given
  await managers.create({ email: 'ada@example.com', costCentre: 'CC-1' });
  // @ts-expect-error a wrong type
  await managers.create({ email: 'ada@example.com', costCentre: 'CC-1', room: 'B', parkingSpace: 'B7' });
  // @ts-expect-error a misspelt field
  await managers.create({ email: 'ada@example.com', costCentre: 'CC-1', room: 'B', parkingPlace: 7 });
  return parkingSpace;
}

export async function enrol(registration: Registration<Employee>, plain: Registration): Promise<string> {
  const account = { email: 'ada@example.com', password: 'seven small boats at noon' };
  await plain.register(account);
  const { costCentre } = await registration.register({ ...account, costCentre: 'CC-1', nickname: null });
  // @ts-expect-error a required field is missing
  await registration.register(account);
  // @ts-expect-error the password is missing
  await registration.register({ email: 'ada@example.com', costCentre: 'CC-1' });
  // @ts-expect-error a misspelt field
  await registration.register({ ...account, costCentre: 'CC-1', nickName: 'Ada' });
  // @ts-expect-error a field that the default user has not
  await plain.register({ ...account, costCentre: 'CC-1' });
  return costCentre;
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

export async function look(users: UsersService<Employee>, keys: RelatedColumn): Promise<string | null> {
  const found = await users.findByEmailWith('ada@example.com', keys);
  // @ts-expect-error there may be none
  const value: unknown = found.value;
  // @ts-expect-error what the table says may be anything
  const key: string = found?.value;
  return found?.user.nickname ?? `${String(value)} ${key}`;
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

export class OwnMe extends meControllerOf(Employee) {
  constructor(private readonly floors: { check(floor: number | undefined): Promise<void> }) {
    super();
  }

  override async updateMe(principal: Principal, changes: TeamFields<Employee>): Promise<SeenUser<Employee, 'self'>> {
    await this.floors.check(changes.floor);
    // @ts-expect-error a misspelt field
    void changes.nickName;
    const { costCentre } = await this.userOf(principal);
    const answer = await super.updateMe(principal, { ...changes, costCentre });
    // @ts-expect-error what only administrators see
    void answer.disabledAt;
    return { ...answer, nickname: answer.nickname ?? null };
  }

  // @ts-expect-error there is no such route
  override async patchMe(): Promise<void> {}
}

export class WrongMe extends meControllerOf(Employee) {
  // @ts-expect-error not what the route answers
  override readMe = async (): Promise<number> => 7;
  // @ts-expect-error not what it is handed
  override async deleteMe(_principal: Principal, _proof: number): Promise<void> {}
}

export class OwnAdmin extends adminUsersControllerOf(Employee) {
  override async listUsers(query: ListUsersDto): ReturnType<AdminUsersRoutes<Employee>['listUsers']> {
    const page = await super.listUsers(Object.assign(query, { limit: 10 }));
    const [first] = page.users;
    return { ...page, users: first?.disabledAt && first.costCentre ? [] : page.users };
  }
}

export class OwnRegistration extends registrationControllerOf(Employee) {
  constructor(private readonly invited: ReadonlySet<string>) {
    // @ts-expect-error the class beneath takes nothing
    super(invited);
  }

  override async register(account: NewAccount<Employee>): Promise<SeenUser<Employee, 'self'> | MailSent> {
    // @ts-expect-error a misspelt field
    void account.costCenter;
    if (!this.invited.has(account.email)) throw new Error(account.costCentre);
    return super.register(account);
  }
}

export class Misdeclared extends UserBase {
  // @ts-expect-error the public registers nothing
  @UserField({ register: 'public' })
  badge!: string;

  @UserField({ register: 'required', write: 'admin', registrantMaySet: true })
  invitation!: string;

  @UserField({ register: 'optional', registrantMaySet: true })
  birthday!: string;

  // @ts-expect-error a stranger would set what only administrators change
  @UserField({ register: 'required', write: 'admin' })
  budget!: string;

  // @ts-expect-error a registration cannot set a read-only field
  @UserField({ register: 'optional', claim: 'grade' })
  grade!: string;

  // @ts-expect-error the word alone takes no field into the registration
  @UserField({ write: 'admin', registrantMaySet: true })
  parking!: string;

  // @ts-expect-error who may change a field may set it at registration without the word
  @UserField({ register: 'required', write: 'self', registrantMaySet: true })
  nickname!: string;

  // @ts-expect-error the word is said or left out
  @UserField({ register: 'required', write: 'admin', registrantMaySet: false })
  allowance!: string;

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
// @ts-expect-error Postern's own column is not a field of the team
export const own: TeamField<Employee> = 'email';
export const fresh: NewUser = { email: 'ada@example.com' };
// @ts-expect-error the default user has no further fields
export const strange: NewUser = { email: 'ada@example.com', costCentre: 'CC-1' };
export const unchanged: UserChanges<Employee> = {};
