import { CommandError } from './run-command.js';

const USAGE_ERROR = 2;

/** The options of `users import`, beside `--json`. */
export const IMPORT_OPTIONS = {
  format: { type: 'string' },
  hashes: { type: 'string' },
  'hash-config': { type: 'string' },
  'django-model': { type: 'string' },
  source: { type: 'string' },
  'ignore-roles': { type: 'boolean' },
  'dry-run': { type: 'boolean' },
} as const;

/** An import of users. */
export interface ImportTask {
  readonly file: string;
  readonly format: string | undefined;
  readonly hashes: string | undefined;
  readonly hashConfig: string | undefined;
  readonly djangoModel: string | undefined;
  readonly source: string | undefined;
  readonly ignoreRoles: boolean;
  readonly isDryRun: boolean;
  readonly isJson: boolean;
}

type Values = { readonly [K in keyof typeof IMPORT_OPTIONS]?: string | boolean | undefined };

/** @throws CommandError with the permitted arguments */
export function importTaskOf(given: {
  readonly positionals: readonly string[];
  readonly values: Values & { readonly json?: boolean | undefined; readonly role?: unknown; 'password-file'?: unknown };
}): ImportTask {
  const { positionals, values } = given;
  const [, file, ...more] = positionals;
  if (file === undefined || more.length > 0 || values.role !== undefined || values['password-file'] !== undefined) {
    throw new CommandError('Write import <file>, with the options of import and --json only.', USAGE_ERROR);
  }
  return {
    file,
    format: values.format as string | undefined,
    hashes: values.hashes as string | undefined,
    hashConfig: values['hash-config'] as string | undefined,
    djangoModel: values['django-model'] as string | undefined,
    source: values.source as string | undefined,
    ignoreRoles: values['ignore-roles'] === true,
    isDryRun: values['dry-run'] === true,
    isJson: values.json === true,
  };
}
