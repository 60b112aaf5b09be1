import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { Child } from '../cluster/child.js';
import { addUsers, PASSWORD, startPostern } from '../cluster/postern-server.js';
import type { Bench, Outcome, Section } from '../section.js';

const PAIRS = 500;
const WARM_UP_PAIRS = 50;
const MAX_DIFFERENCE_MILLISECONDS = 2;
const ROUTES = ['/auth/password/forgot', '/auth/email/resend', '/auth/magic-link', '/auth/register'] as const;

/** Whether the time of a response reveals that an address has an account. */
export const enumeration: Section = {
  name: 'enumeration',
  title: 'Known and unknown addresses',
  explains: `The built server with \`POSTERN_REQUIRE_VERIFIED_EMAIL=true\` sends its mails to an SMTP server in the process of the bench. ${PAIRS}
pairs of requests, each with the address of a user and a random one, run one after the other, and the order alternates. The
users are not verified, so that *resend* sends a mail, too.`,
  measure,
};

async function measure(bench: Bench): Promise<Outcome> {
  const databaseUrl = await bench.database();
  const smtp = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'], logger: false });
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  const { port } = smtp.server.address() as AddressInfo;
  const server = await startPostern(databaseUrl, {
    environment: {
      POSTERN_REQUIRE_VERIFIED_EMAIL: 'true',
      POSTERN_MAGIC_LINK: 'true',
      // All requests come from one address.
      POSTERN_LIMITS: 'mailNetwork=off,registration=off',
      SMTP_URL: `smtp://127.0.0.1:${port}`,
      MAIL_FROM: 'no-reply@bench.test',
    },
  });
  try {
    const rows: string[][] = [];
    const differences: number[] = [];
    for (const route of ROUTES) {
      const emails = await addUsers(databaseUrl, WARM_UP_PAIRS + PAIRS);
      const pairs = bench.isQuick ? WARM_UP_PAIRS : PAIRS;
      await timesOf(server, route, emails.slice(0, WARM_UP_PAIRS));
      const { known, unknown } = await timesOf(server, route, emails.slice(WARM_UP_PAIRS).slice(0, pairs));
      const difference = medianOf(known) - medianOf(unknown);
      differences.push(Math.abs(difference));
      rows.push([route, ...[medianOf(known), medianOf(unknown), difference].map((time) => `${time.toFixed(2)} ms`)]);
    }
    const largest = Math.max(...differences);
    return {
      tables: [{ columns: ['Route', 'Known address, median', 'Unknown address, median', 'Difference'], rows }],
      goals: [
        {
          promise: `the medians differ by less than ${MAX_DIFFERENCE_MILLISECONDS} ms`,
          reached: `${largest.toFixed(2)} ms`,
          isMet: largest < MAX_DIFFERENCE_MILLISECONDS,
        },
      ],
    };
  } finally {
    await server.stop();
    await new Promise<void>((resolve) => smtp.close(() => resolve()));
  }
}

interface Times {
  readonly known: number[];
  readonly unknown: number[];
}

async function timesOf(server: Child, route: string, emails: readonly string[]): Promise<Times> {
  const times: Times = { known: [], unknown: [] };
  for (const [index, email] of emails.entries()) {
    const pair = [
      ['known', email],
      ['unknown', `${randomUUID()}@bench.test`],
    ] as const;
    // The mail of a request is sent during the next one, so each kind must come first equally often.
    for (const [kind, address] of index % 2 === 0 ? pair : [...pair].reverse()) {
      times[kind].push(await timeOf(`${server.url}${route}`, address));
    }
  }
  return times;
}

/** The milliseconds until the whole response has arrived. */
async function timeOf(url: string, email: string): Promise<number> {
  const body = JSON.stringify({ email, ...(url.endsWith('/register') && { password: PASSWORD }) });
  const start = performance.now();
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  await answer.text();
  const time = performance.now() - start;
  if (answer.status !== 202) throw new Error(`${url} answered ${answer.status}.`);
  return time;
}

function medianOf(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
