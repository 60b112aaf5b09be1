import type { INestApplicationContext } from '@nestjs/common';
import { Registration } from 'postern/accounts';
import { Database } from 'postern/persistence';
import { AuthError } from 'postern/problem';
import type { ProblemIssue } from 'postern/problem';
import { UserRolesService } from 'postern/roles';
import { UserList, UsersService } from 'postern/users';
import type { UserBase } from 'postern/users';
import { AppModule } from '../server/app.module.js';
import type { ServerConfig } from '../config/server-config.js';
import { CommandError } from './run-command.js';
import { withStandaloneContext } from './standalone-context.js';

const NO_SUCH_USER = 3;
const REJECTED = 4;
const PAGE_SIZE = 100;

/** A task of the command `users`. */
export type UserTask =
  | {
      readonly name: 'create';
      readonly email: string;
      readonly roles: readonly string[];
      readonly password: string;
    }
  | { readonly name: 'grant' | 'revoke'; readonly email: string; readonly role: string }
  | { readonly name: 'disable' | 'enable'; readonly email: string }
  | { readonly name: 'list'; readonly role: string | undefined };

/** A user, as the command prints it. */
export interface ListedUser {
  readonly id: string;
  readonly email: string;
  readonly roles: readonly string[];
  readonly emailVerifiedAt: Date | null;
  readonly disabledAt: Date | null;
  readonly createdAt: Date;
}

/**
 * Runs the task with the environment and the database of the server, and returns the users of the result.
 *
 * @throws CommandError if the task is rejected, or if there is no such user
 */
export async function manageUsers(task: UserTask, config: ServerConfig): Promise<readonly ListedUser[]> {
  return withStandaloneContext(
    config,
    // Only the whole server publishes revocations to followers.
    (connections) => AppModule.forConfig({ ...config, migrate: false }, connections, false),
    async (context) => {
      try {
        const users = task.name === 'list' ? await list(task.role, context) : [await change(task, context)];
        return await listed(users, context);
      } catch (error) {
        throw error instanceof AuthError && error.status < 500
          ? new CommandError(sentencesOf(error), error.code === 'user-not-found' ? NO_SUCH_USER : REJECTED)
          : error;
      }
    },
  );
}

async function change(task: Exclude<UserTask, { name: 'list' }>, context: INestApplicationContext): Promise<UserBase> {
  if (task.name === 'create') return create(task, context);
  const users = context.get(UsersService);
  const user = await users.findByEmail(task.email);
  if (user === null) throw new CommandError(`There is no user with the e-mail address ${task.email}.`, NO_SUCH_USER);
  const { id } = user;
  switch (task.name) {
    case 'disable':
      return users.disable(id);
    case 'enable':
      return users.enable(id);
    case 'grant':
    case 'revoke':
      await context.get(UserRolesService)[task.name](id, task.role);
      return user;
  }
}

async function create(
  { email, password, roles }: Extract<UserTask, { name: 'create' }>,
  context: INestApplicationContext,
): Promise<UserBase> {
  const registration = context.get(Registration);
  // The operator knows the address, and mail may not work yet.
  const account = await registration.prepare({ email, password, emailVerifiedAt: new Date() });
  return context.get(Database).transaction(async () => {
    const user = await registration.create(account);
    if (roles.length > 0) await context.get(UserRolesService).replace(user.id, roles);
    return user;
  });
}

async function list(role: string | undefined, context: INestApplicationContext): Promise<UserBase[]> {
  const users: UserBase[] = [];
  let after: string | null | undefined;
  do {
    const page = await context.get(UserList).list({ limit: PAGE_SIZE, ...(after && { after }), ...(role && { role }) });
    users.push(...page.users);
    after = page.next;
  } while (after !== null);
  return users;
}

async function listed(users: readonly UserBase[], context: INestApplicationContext): Promise<ListedUser[]> {
  const rows = await context
    .get(Database)
    .manager.query<{ id: string; roles: string[] }[]>(
      'SELECT user_id AS id, array_agg(role ORDER BY role) AS roles FROM user_roles WHERE user_id = ANY ($1) GROUP BY user_id',
      [users.map(({ id }) => id)],
    );
  const rolesOf = new Map(rows.map(({ id, roles }) => [id, roles]));
  return users.map(({ id, email, emailVerifiedAt, disabledAt, createdAt }) => ({
    id,
    email,
    roles: rolesOf.get(id) ?? [],
    emailVerifiedAt,
    disabledAt,
    createdAt,
  }));
}

function sentencesOf({ title, message, extensions }: AuthError): string {
  const issues = (extensions?.['errors'] ?? []) as readonly ProblemIssue[];
  return [...new Set([title, message, ...issues.map(({ pointer, detail }) => `${pointer.slice(1)}: ${detail}`)])].join(
    '\n',
  );
}
