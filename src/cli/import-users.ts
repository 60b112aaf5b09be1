import { createReadStream, existsSync, statSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { EntryError, firebaseConfigOf, sourceOf, UserImport, userSources, usersOf } from 'postern/accounts/import';
import type { UnreadableEntry, UserImportSummary, UserSource } from 'postern/accounts/import';
import { UnsupportedHashError } from 'postern/password/foreign-hashes';
import { AppModule } from '../server/app.module.js';
import type { ServerConfig } from '../config/server-config.js';
import type { ImportTask } from './import-arguments.js';
import { ImportProgress } from './import-progress.js';
import { CommandError } from './run-command.js';
import { withStandaloneContext } from './standalone-context.js';

const USAGE_ERROR = 2;
const REJECTED = 4;
const HEAD_BYTES = 65_536;

/**
 * Imports the users of the file into the database of the server, which may be running. Each line that was not imported
 * goes to the standard error, or with `--json` into the list `lines`.
 *
 * @returns the summary
 * @throws CommandError if a file or an option is wrong, before the first change
 */
export async function importUsers(task: ImportTask, config: ServerConfig): Promise<string> {
  for (const file of [task.file, task.hashes, task.hashConfig]) assertReadable(file);
  const source = await formatOf(task);
  const hashConfig = await readHashConfig(task.hashConfig);
  const counting = { bytes: 0 };
  // Django's file is read twice: the second reading starts again.
  const openFile = () => ((counting.bytes = 0), counted(task.file, counting));
  const progress = new ImportProgress(() => counting.bytes, statSync(task.file).size);
  const output = new JsonOutput();
  const summary = await withStandaloneContext(
    config,
    (connections) => AppModule.forConfig({ ...config, migrate: false }, connections, false),
    (context) =>
      context.get(UserImport).run(
        usersOf(source, openFile, {
          hashConfig,
          djangoModel: task.djangoModel,
          openHashes: task.hashes === undefined ? undefined : () => createReadStream(task.hashes!),
        }),
        {
          source: task.source ?? source,
          ignoreRoles: task.ignoreRoles,
          dryRun: task.isDryRun,
          onRejected: (entry) => (task.isJson ? output.add(entry) : progress.reject(entry)),
          onProgress: (current) => progress.update(current),
        },
      ),
  ).finally(() => progress.clear());
  if (summary.rejected > 0) process.exitCode = REJECTED;
  return task.isJson ? output.end(summary) : sentenceOf(summary, task.isDryRun);
}

function assertReadable(file: string | undefined): void {
  if (file === undefined || (existsSync(file) && statSync(file).isFile())) return;
  throw new CommandError(`There is no file ${file}. Nothing was changed.`, USAGE_ERROR);
}

async function formatOf({ file, format }: ImportTask): Promise<UserSource> {
  if (format !== undefined) {
    const known = userSources.find((name) => name === format);
    if (known !== undefined) return known;
    throw new CommandError(`--format must be one of ${userSources.join(', ')}.`, USAGE_ERROR);
  }
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return inUsage(() => sourceOf(buffer.toString('utf8', 0, bytesRead)));
  } finally {
    await handle.close();
  }
}

async function readHashConfig(file: string | undefined) {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8');
  return inUsage(() => firebaseConfigOf(text));
}

function inUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof EntryError || error instanceof UnsupportedHashError)) throw error;
    throw new CommandError(`${error.message}. Nothing was changed.`, USAGE_ERROR);
  }
}

async function* counted(file: string, counting: { bytes: number }): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(file, { highWaterMark: HEAD_BYTES })) {
    counting.bytes += (chunk as Buffer).length;
    yield chunk as Buffer;
  }
}

function sentenceOf(summary: UserImportSummary, isDryRun: boolean): string {
  const { imported, existing, skipped, rejected, withoutPassword } = summary;
  const verb = isDryRun ? 'would be imported' : 'imported';
  return (
    `${imported} ${verb} (${withoutPassword} without a password), ${existing} existed, ${skipped} left out, ` +
    `${rejected} rejected\n`
  );
}

/** Writes a JSON document line by line, so that a million rejected lines need no memory. */
class JsonOutput {
  private separator = '{\n  "lines": [';

  add({ line, reason, isSkipped = false, file }: UnreadableEntry): void {
    this.write(`\n    ${JSON.stringify({ line, reason, isSkipped, ...(file && { file }) })}`);
  }

  end(summary: UserImportSummary): string {
    const start = this.separator === ',' ? '' : this.separator;
    return `${start}],\n  "summary": ${JSON.stringify(summary)}\n}\n`;
  }

  private write(text: string): void {
    process.stdout.write(this.separator + text);
    this.separator = ',';
  }
}
