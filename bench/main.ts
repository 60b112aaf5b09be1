import { parseArgs } from 'node:util';
import { buildCommit, workingTree } from './build.js';
import type { TemporaryBuild } from './build.js';
import { openDatabases } from './cluster/databases.js';
import { describeMachine, pinToOtherCore } from './measurement/machine.js';
import { printed, writeDocument } from './report.js';
import type { Finding } from './report.js';
import type { Bench } from './section.js';
import { sections } from './sections/index.js';

/** Runs the bench with the options of the command line; see `bench.mjs`. */
export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      against: { type: 'string' },
      only: { type: 'string', multiple: true },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const chosen = sections.filter(({ name }) => values.only?.includes(name) ?? true);
  if (chosen.length === 0) throw new Error(`--only takes one of: ${sections.map(({ name }) => name).join(', ')}`);
  // All figures of the document come from one run, so that they are comparable.
  if (values.write && (values.quick || chosen.length < sections.length))
    throw new Error('--write needs a whole run: leave out --quick and --only.');

  pinToOtherCore();
  const former: TemporaryBuild | undefined = values.against ? await buildCommit(values.against) : undefined;
  const databases = await openDatabases().catch(async (error: unknown) => {
    await former?.remove();
    throw error;
  });
  const bench: Bench = {
    seconds: Number(values.seconds ?? (values.quick ? 1 : 2)),
    rounds: Number(values.rounds ?? (values.quick ? 1 : 6)),
    isQuick: values.quick,
    builds: former === undefined ? [workingTree] : [workingTree, former],
    database: () => databases.create(),
  };
  try {
    const findings: Finding[] = [];
    for (const section of chosen) {
      process.stderr.write(`${section.title}\n`);
      const finding = { section, outcome: await section.measure(bench) };
      findings.push(finding);
      process.stdout.write(printed(finding));
    }
    const machine = describeMachine(await databases.version());
    process.stdout.write(`${machine}\n`);
    if (values.write) await writeDocument(findings, machine, bench);
  } finally {
    await databases.close();
    await former?.remove();
  }
}
