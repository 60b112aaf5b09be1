import { parseArgs } from 'node:util';
import { CommandError, runCommand } from './run-command.js';
import type { Print } from './run-command.js';
import { readPassword } from './read-password.js';
import type { ServerConfig } from '../config/server-config.js';
import type { ListedUser, UserTask } from './manage-users.js';

const USAGE = `npm run --silent users -- create <email> [--role <role>] [--password-file <file>]
npm run --silent users -- grant <email> <role>
npm run --silent users -- revoke <email> <role>
npm run --silent users -- disable <email>
npm run --silent users -- enable <email>
npm run --silent users -- list [--role <role>]

Manages users without a token. It needs the environment and the database of the server, which may be running.
Every server rejects a disabled user and a revoked role within a second.
  create   creates a user; asks for the password on the terminal; --role may be repeated, for example --role administrator
  grant    gives a role to a user; it takes effect with the next access token
  revoke   takes a role from a user
  disable  ends all sessions of a user, who can no longer sign in
  enable   allows a disabled user to sign in again
  list     lists users: e-mail address, roles, state

  --password-file <file>  reads the password from the first line of a file; - is the standard input
  --json                  prints JSON

Exit codes: 0 done, 1 environment or database, 2 wrong arguments, 3 no such user, 4 rejected, such as the last
administrator, an unknown role, a taken e-mail address, or a weak password.
`;

const USAGE_ERROR = 2;

interface Arguments {
  readonly task: UserTask;
  readonly isJson: boolean;
}

/** @throws CommandError with the permitted arguments */
async function argumentsOf(args: string[]): Promise<Arguments> {
  const { values, positionals } = parsed(args);
  const [name, email, role, ...more] = positionals;
  const { json: isJson = false, role: roles = [], 'password-file': file } = values;
  const isExact = (count: number): boolean => positionals.length === count && more.length === 0;
  const hasNoOptions = roles.length === 0 && file === undefined;
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
    'Write one of: create <email>, grant <email> <role>, revoke <email> <role>, disable <email>, enable <email>, list.',
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
      },
    });
  } catch (error) {
    throw new CommandError((error as Error).message, USAGE_ERROR);
  }
}

async function users(config: ServerConfig, args: string[], print: Print): Promise<string> {
  const { task, isJson } = await argumentsOf(args);
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
