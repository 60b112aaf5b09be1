/** The compile errors for a team that composes its application. `tsc --noEmit` is the test. */
import { PosternModule } from 'postern';
import { AccountsModule } from 'postern/accounts';
import { AuthModule, Clock, PrincipalMapper, VerificationKeys } from 'postern/auth';
import type { Principal } from 'postern/auth';
import { Mailer, MailModule } from 'postern/mail';
import type { MailMessage } from 'postern/mail';
import { PasswordHasher, PasswordModule, PasswordPolicy, shippedPasswordPolicies } from 'postern/password';
import { PersistenceModule } from 'postern/persistence';
import { ClaimsProvider, LoginPolicy, SessionsModule } from 'postern/sessions';
import { SigningKeys, TokensModule } from 'postern/tokens';
import { UserBase } from 'postern/users';

class Employee extends UserBase {
  costCentre!: string;
}

class Hasher extends PasswordHasher {
  hash = (password: string): Promise<string> => Promise.resolve(password);
  verify = (): Promise<boolean> => Promise.resolve(false);
  needsRehash = (): boolean => false;
}

class Policy extends PasswordPolicy {
  check = (): [] => [];
}

class EmployeesOnly extends LoginPolicy<Employee> {
  check(employee: Employee): void {
    if (!employee.costCentre) throw new Error();
  }
}

class EmployeeClaims extends ClaimsProvider<Employee> {
  claims = ({ costCentre }: Employee): { costCentre: string } => ({ costCentre });
}

class Mapper extends PrincipalMapper<{ id: string }> {
  map = ({ subject }: Principal): { id: string } => ({ id: subject });
}

class Post extends Mailer {
  send = async (_message: MailMessage): Promise<void> => undefined;
}

class Stranger {
  greet(): string {
    return 'hello';
  }
}

const settings = { issuer: 'https://id.acme.test', secret: 's', databaseUrl: 'postgres://localhost/acme' };

export const inOne = [
  PosternModule.forRoot(settings),
  PosternModule.forRoot({
    ...settings,
    user: Employee,
    hasher: Hasher,
    passwordPolicies: [...shippedPasswordPolicies, Policy],
    loginPolicies: [EmployeesOnly],
    claims: EmployeeClaims,
    mapper: Mapper,
    mailer: Post,
    controllers: { password: Stranger, health: false, users: { me: false } },
  }),
  PosternModule.forRootAsync({ useFactory: () => settings, user: Employee }),
  // @ts-expect-error the issuer is missing
  PosternModule.forRoot({ secret: 's', databaseUrl: 'postgres://localhost/acme' }),
  // @ts-expect-error the secret is missing
  PosternModule.forRoot({ issuer: 'https://id.acme.test', databaseUrl: 'postgres://localhost/acme' }),
  // @ts-expect-error the database is missing
  PosternModule.forRoot({ issuer: 'https://id.acme.test', secret: 's' }),
  // @ts-expect-error a misspelt setting
  PosternModule.forRoot({ ...settings, prodution: true }),
  // @ts-expect-error a misspelt setting of one lib
  PosternModule.forRoot({ ...settings, password: { minimalLength: 12 } }),
  // @ts-expect-error what is said once for all is not said again under a lib
  PosternModule.forRoot({ ...settings, tokens: { issuer: 'https://other.test' } }),
  // @ts-expect-error a factory that leaves out the secret
  PosternModule.forRootAsync({ useFactory: () => ({ issuer: settings.issuer, databaseUrl: settings.databaseUrl }) }),
];

export const wrongClasses = [
  // @ts-expect-error no user
  PosternModule.forRoot({ ...settings, user: Stranger }),
  // @ts-expect-error no hasher
  PosternModule.forRoot({ ...settings, hasher: Stranger }),
  // @ts-expect-error an object, where a class is asked for
  PosternModule.forRoot({ ...settings, hasher: new Hasher() }),
  // @ts-expect-error no password policy
  PosternModule.forRoot({ ...settings, passwordPolicies: [Stranger] }),
  // @ts-expect-error one, where a list is asked for
  PosternModule.forRoot({ ...settings, passwordPolicies: Policy }),
  // @ts-expect-error no login policy
  PosternModule.forRoot({ ...settings, loginPolicies: [Stranger] }),
  // @ts-expect-error no claims provider
  PosternModule.forRoot({ ...settings, claims: Mapper }),
  // @ts-expect-error no mapper
  PosternModule.forRoot({ ...settings, mapper: EmployeeClaims }),
  // @ts-expect-error no mailer
  PosternModule.forRoot({ ...settings, mailer: Hasher }),
  // @ts-expect-error no signer
  PosternModule.forRoot({ ...settings, signer: Stranger }),
  // @ts-expect-error no clock
  PosternModule.forRoot({ ...settings, clock: Stranger }),
  // @ts-expect-error an abstract class can be asked for, and not be made
  PosternModule.forRoot({ ...settings, mailer: Mailer }),
  // @ts-expect-error a controller is a class or false
  PosternModule.forRoot({ ...settings, controllers: { password: true } }),
  // @ts-expect-error there is no such controller
  PosternModule.forRoot({ ...settings, controllers: { login: false } }),
];

export const piecewise = [
  AuthModule.forRoot({ issuer: 'https://id.acme.test', audience: ['orders', 'stock'] }),
  // @ts-expect-error the audience is missing
  AuthModule.forRoot({ issuer: 'https://id.acme.test' }),
  // @ts-expect-error an unsupported algorithm
  AuthModule.forRoot({ issuer: 'https://id.acme.test', audience: 'orders', algorithms: ['none'] }),
  // @ts-expect-error no source of keys
  AuthModule.forRoot({ issuer: 'https://id.acme.test', audience: 'orders', keys: Stranger }),
  // @ts-expect-error the secret is missing
  TokensModule.forRoot({ issuer: 'https://id.acme.test', audience: 'orders' }),
  // @ts-expect-error the database is missing
  PersistenceModule.forRoot({ migrate: false }),
  // @ts-expect-error no claims provider
  SessionsModule.forRoot({ claims: Stranger }),
  // @ts-expect-error no hasher
  PasswordModule.forRoot({ hasher: Stranger }),
  // @ts-expect-error whether this is production has to be said
  MailModule.forRoot({ publicUrl: 'https://id.acme.test', secret: 's', mailer: Post }),
  // @ts-expect-error the mailer belongs to MailModule
  AccountsModule.forRoot({ mailer: Post }),
];

export class Hasty extends PasswordHasher {
  // @ts-expect-error text instead of a promise of text
  hash = (password: string): string => password;
  verify = (): Promise<boolean> => Promise.resolve(false);
  needsRehash = (): boolean => false;
}

// @ts-expect-error a policy that forgets to check
export class Empty extends PasswordPolicy {}

export class Talkative extends PasswordPolicy {
  // @ts-expect-error a violation has a code and a detail
  check = (): { code: string }[] => [{ code: 'no' }];
}

export class Deaf extends Mailer {
  // @ts-expect-error a mailer does not invent members of the message
  send = async ({ bcc }: MailMessage): Promise<void> => void bcc;
}

export class Scribbler extends PrincipalMapper<string> {
  map(principal: Principal): string {
    // @ts-expect-error a principal serves many requests and is read-only
    principal.subject = 'root';
    // @ts-expect-error nor are its lists
    principal.scopes.push('everything');
    return principal.subject;
  }
}

export class WrongMap extends PrincipalMapper<string> {
  // @ts-expect-error not what it says it maps to
  map = (): number => 7;
}

export class Calendar extends Clock {
  // @ts-expect-error a clock returns milliseconds, not a date
  now = (): Date => new Date();
}

// @ts-expect-error a source of keys says, too, whether a key is alive
export class HalfAKeySource extends VerificationKeys {
  find = (): undefined => undefined;
}

// @ts-expect-error a signer signs
export class HalfASigner extends SigningKeys {
  keys = (): Promise<[]> => Promise.resolve([]);
}
