import { writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { HASH_TEXT } from './cluster/postern-server.js';
import { SLICE_SECONDS } from './measurement/comparison.js';
import type { Bench, Goal, Outcome, Section, Table } from './section.js';

const document = new URL('../docs/benchmarks.md', import.meta.url);

/** A section and its outcome. */
export interface Finding {
  readonly section: Section;
  readonly outcome: Outcome;
}

/** The finding as text for a terminal. */
export function printed({ section, outcome }: Finding): string {
  const goals = outcome.goals.map((goal) => `  ${verdict(goal)}: ${goal.promise}: ${goal.reached}`);
  return `\n${section.title}\n\n${outcome.tables.map(inColumns).join('\n\n')}\n\n${goals.join('\n')}\n\n`;
}

/** Writes the whole of docs/benchmarks.md, so that all figures come from one run. */
export async function writeDocument(
  findings: readonly Finding[],
  machine: string,
  { rounds, seconds }: Bench,
): Promise<void> {
  const goals = findings.flatMap(({ outcome }) => outcome.goals);
  const text = `# Benchmarks

\`npm run bench -- --write\` generates this page from one run. The contenders of a comparison are separate processes.
All of them are loaded, but only one runs at a time, in slices of
${SLICE_SECONDS * 1000} ms (A B C A B C), so that other load on the machine affects all alike. After a warm-up, ${rounds} rounds of ${seconds} turns follow, and each turn
gives each contender one second. A figure is the median of all turns, and a ratio is the median of the ratios of all turns.
A comparison of guards starts new processes in each round, because two starts of one program differ. A turn is repeated up
to three times if other processes used more than 5 % of the server's core. Compare figures only within this page: they come
from a small machine.

Machine: ${machine}.

## Goals

${inMarkdown({
  columns: ['Goal', 'Reached', ''],
  rows: goals.map((goal) => [goal.promise, goal.reached, verdict(goal)]),
})}

${findings.map(sectionText).join('\n')}
${comparison}
## How to run it

\`npm run bench\` rebuilds a stale build and needs only the repository. It starts the embedded PostgreSQL in its own folder, or
uses the server of \`POSTERN_BENCH_DATABASE_URL\` or \`DATABASE_URL\`, on which it creates and drops databases.

| Option             | Does                                                                            |
| ------------------ | ------------------------------------------------------------------------------- |
| \`--against <ref>\`   | also measures the build of that commit, in the sections about processor time and start-up |
| \`--only <section>\` | runs one section: ${findings.map(({ section }) => `\`${section.name}\``).join(', ')} |
| \`--seconds <n>\`    | sets the turns of a round; a turn gives each contender one second |
| \`--rounds <n>\`     | sets the number of rounds |
| \`--quick\`          | runs one short round as a smoke test; its figures are not results |
| \`--write\`          | does a full run and writes this page |

If \`taskset\` is available, the measured server has its own core, and the load generator and the database share the others. Run
the bench on an idle machine: shared caches increase even processor times on a busy machine.
`;
  await writeFile(document, await format(text, { ...(await resolveConfig(document)), parser: 'markdown' }));
}

const comparison = `## What others publish

These are published figures with their parameters. Machines differ, so compare only orders of magnitude. Postern's figures use ${HASH_TEXT}.

| Server                           | Published                                                                                               |
| -------------------------------- | ------------------------------------------------------------------------------------------------------- |
| Keycloak, for each virtual CPU   | 15 password logins/s, 120 client-credential grants/s, 120 refreshes/s; 1,250 MB of memory to begin with |
| Zitadel 4.19, for each app vCPU  | 1.9 logins/s (bcrypt, cost 12), 115 introspections/s                                                    |
| Hydra, in memory, 2 CPUs         | 541 client-credential grants/s (bcrypt, cost 8), 22,000 introspections/s                                |

None of them publishes what a verification costs, what a guard adds to a request, or the delay between a revocation and the rejection of the token.
`;

function sectionText({ section, outcome }: Finding): string {
  return `## ${section.title}\n\n${section.explains}\n\n${outcome.tables.map(inMarkdown).join('\n\n')}\n`;
}

function verdict({ isMet }: Goal): string {
  return isMet ? 'met' : 'not met';
}

function inMarkdown({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function inColumns({ columns, rows }: Table): string {
  const lines = [columns, ...rows];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)));
  const padded = (cell: string, at: number): string =>
    at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!);
  return lines.map((line) => `  ${line.map(padded).join('  ')}`).join('\n');
}
