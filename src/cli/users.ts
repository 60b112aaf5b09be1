import { parseArgs } from 'node:util';
import { CommandError, runCommand } from './run-command.js';
import type { Print } from './run-command.js';
import { readPassword } from './read-password.js';
import type { ServerConfig } from '../config/server-config.js';
import { IMPORT_OPTIONS, importTaskOf } from './import-arguments.js';
import type { ListedUser, UserTask } from './manage-users.js';

const USAGE = `npm run --silent users -- create <email> [--role <role>] [--password-file <file>]
npm run --silent users -- grant <email> <role>
npm run --silent users -- revoke <email> <role>
npm run --silent users -- disable <email>
npm run --silent users -- enable <email>
npm run --silent users -- list [--role <role>]
npm run --silent users -- import <file> [--format <format>] [--hashes <file>] [--hash-config <file>] [--dry-run]

Manages users without a token. It needs the environment and the database of the server, which may be running.
Every server rejects a disabled user and a revoked role within a second.
  create   creates a user; asks for the password on the terminal; --role may be repeated, for example --role administrator
  grant    gives a role to a user; it takes effect with the next access token
  revoke   takes a role from a user
  disable  ends all sessions of a user, who can no longer sign in
  enable   allows a disabled user to sign in again
  list     lists users: e-mail address, roles, state
  import   imports users of another system with their password hashes; a second run imports only missing users

  --password-file <file>  reads the password from the first line of a file; - is the standard input
  --json                  prints JSON
  --format <format>       postern, auth0, auth0-import, django, firebase, keycloak, or supabase; by default detected by the file
  --hashes <file>         Auth0: the file of password hashes
  --hash-config <file>    Firebase: the password hash parameters of the project, as JSON
  --django-model <model>  Django: the model of the users, by default auth.user
  --source <name>         names the other system if you import from several of one format; by default the format
  --ignore-roles          imports users without their roles that do not exist, instead of rejecting the users
  --dry-run               reads and checks everything and stores nothing

Exit codes: 0 done, 1 environment or database, 2 wrong arguments, 3 no such user, 4 rejected, such as the last
administrator, an unknown role, a taken e-mail address, a weak password, or some lines of an import.
`;

const USAGE_ERROR = 2;

interface Arguments {
  readonly task: UserTask;
  readonly isJson: boolean;
}

/** @throws CommandError with the permitted arguments */
async function argumentsOf({ values, positionals }: ReturnType<typeof parsed>): Promise<Arguments> {
  const [name, email, role, ...more] = positionals;
  const { json: isJson = false, role: roles = [], 'password-file': file } = values;
  const isExact = (count: number): boolean => positionals.length === count && more.length === 0;
  const hasNoOptions = roles.length === 0 && file === undefined;
  const [misplaced] = Object.keys(values).filter((option) => option in IMPORT_OPTIONS);
  if (misplaced !== undefined) throw new CommandError(`--${misplaced} belongs to import.`, USAGE_ERROR);
  if (name === 'create' && isExact(2)) {
    return { isJson, task: { name, email: email!, roles, password: await readPassword(file) } };
  }
  if ((name === 'grant' || name === 'revoke') && isExact(3) && hasNoOptions) {
    return { isJson, task: { name, email: email!, role: role! } };
  }
  if ((name === 'disable' || name === 'enable') && isExact(2) && hasNoOptions) {
    return { isJson, task: { name, email: email! } };
  }
  if (name === 'list' && isExact(1) && roles.length < 2 && file === undefined) {
    return { isJson, task: { name, role: roles[0] } };
  }
  throw new CommandError(
    'Write one of: create <email>, grant <email> <role>, revoke <email> <role>, disable <email>, enable <email>, list, import <file>.',
    USAGE_ERROR,
  );
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        role: { type: 'string', multiple: true },
        'password-file': { type: 'string' },
        json: { type: 'boolean' },
        ...IMPORT_OPTIONS,
      },
    });
  } catch (error) {
    throw new CommandError((error as Error).message, USAGE_ERROR);
  }
}

async function users(config: ServerConfig, args: string[], print: Print): Promise<string> {
  const given = parsed(args);
  if (given.positionals[0] === 'import') {
    const task = importTaskOf(given);
    const { importUsers } = await import('./import-users.js');
    return importUsers(task, config);
  }
  const { task, isJson } = await argumentsOf(given);
  // Loading the server takes a second, so validate the arguments first.
  const { manageUsers } = await import('./manage-users.js');
  const isList = isJson && task.name === 'list';
  let separator = '[\n';
  await manageUsers(task, config, async (page) => {
    if (isList) {
      for (const user of page) {
        await print(separator + indented(user));
        separator = ',\n';
      }
    } else {
      await print(page.map((user) => (isJson ? `${JSON.stringify(user, undefined, 2)}\n` : lineOf(user))).join(''));
    }
  });
  if (!isList) return '';
  return separator === ',\n' ? '\n]\n' : '[]\n';
}

function indented(user: ListedUser): string {
  return JSON.stringify(user, undefined, 2).replace(/^/gm, '  ');
}

function lineOf({ email, roles, disabledAt }: ListedUser): string {
  return `${email} ${roles.join(',') || '-'} ${disabledAt === null ? 'enabled' : 'disabled'}\n`;
}

await runCommand(users, USAGE);
