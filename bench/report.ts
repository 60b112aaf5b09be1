import { writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { HASH_TEXT } from './cluster/postern-server.js';
import { SLICE_SECONDS } from './measurement/comparison.js';
import type { Bench, Goal, Outcome, Section, Table } from './section.js';

const document = new URL('../docs/benchmarks.md', import.meta.url);

/** A section and what it found. */
export interface Finding {
  readonly section: Section;
  readonly outcome: Outcome;
}

/** The finding as text for a terminal. */
export function printed({ section, outcome }: Finding): string {
  const goals = outcome.goals.map((goal) => `  ${verdict(goal)}: ${goal.promise}: ${goal.reached}`);
  return `\n${section.title}\n\n${outcome.tables.map(inColumns).join('\n\n')}\n\n${goals.join('\n')}\n\n`;
}

/** Writes docs/benchmarks.md: all of it, so that no figure outlives its run. */
export async function writeDocument(
  findings: readonly Finding[],
  machine: string,
  { rounds, seconds }: Bench,
): Promise<void> {
  const goals = findings.flatMap(({ outcome }) => outcome.goals);
  const text = `# Benchmarks

This page is one run of \`npm run bench -- --write\`, which writes all of it; nothing here is typed by hand. Contenders compete
side by side: all of them are loaded, each is a process of its own, and one of them runs at a time, in slices of
${SLICE_SECONDS * 1000} ms, A B C A B C. What the machine and its neighbours do meanwhile falls on all alike. After a warm-up there are ${rounds} rounds of ${seconds}
turns, with a second for each contender. Each figure is the median of all turns, and a comparison is the median of
what the turns say each by itself. Where guards are compared, every round starts its processes anew, since two starts of one program
differ too. A turn during which others used more than a twentieth of the server's core is repeated, up to three times.
Compare figures within this page: absolute ones are those of a small machine.

Machine: ${machine}.

## Goals

${inMarkdown({
  columns: ['Goal', 'Reached', ''],
  rows: goals.map((goal) => [goal.promise, goal.reached, verdict(goal)]),
})}

${findings.map(sectionText).join('\n')}
${comparison}
## How to run it

\`npm run bench\` builds what is stale and needs nothing beside the repository: it starts the embedded PostgreSQL in a folder of
its own, or uses the server that \`POSTERN_BENCH_DATABASE_URL\` or \`DATABASE_URL\` names, in databases that it makes and removes.

| Option             | Does                                                                            |
| ------------------ | ------------------------------------------------------------------------------- |
| \`--against <ref>\`   | builds that commit, and races it beside the working tree in the sections whose figures are processor time or start-up |
| \`--only <section>\` | one section: ${findings.map(({ section }) => `\`${section.name}\``).join(', ')} |
| \`--seconds <n>\`    | turns in a round, of a second for each contender                                  |
| \`--rounds <n>\`     | how many                                                                        |
| \`--quick\`          | one short round: shows that everything runs, and is no result                   |
| \`--write\`          | a whole run, written here                                                       |

Where \`taskset\` is there, the measured server has one core to itself, and load generator and database have the others. Run it
on a machine that does nothing else: on a busy one even processor times grow, since caches are shared.
`;
  await writeFile(document, await format(text, { ...(await resolveConfig(document)), parser: 'markdown' }));
}

const comparison = `## What others publish

Their figures, with their parameters; machines differ, so only orders of magnitude compare. Ours are for ${HASH_TEXT}.

| Server                           | Published                                                                                               |
| -------------------------------- | ------------------------------------------------------------------------------------------------------- |
| Keycloak, for each virtual CPU   | 15 password logins/s, 120 client-credential grants/s, 120 refreshes/s; 1,250 MB of memory to begin with |
| Zitadel 4.19, for each app vCPU  | 1.9 logins/s (bcrypt, cost 12), 115 introspections/s                                                    |
| Hydra, in memory, 2 CPUs         | 541 client-credential grants/s (bcrypt, cost 8), 22,000 introspections/s                                |

None of them publishes what a verification costs, what a guard adds to a request, or how long a revocation takes to be refused.
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
