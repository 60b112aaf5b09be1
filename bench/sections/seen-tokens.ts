import { startChild } from '../cluster/child.js';
import type { Launch } from '../cluster/child.js';
import { compareFresh } from '../measurement/comparison.js';
import type { Contender, Contenders } from '../measurement/comparison.js';
import { count, microseconds, ratio } from '../formatting.js';
import { CONNECTIONS } from '../measurement/load.js';
import { presentedWith } from '../cluster/presented-tokens.js';
import type { Bench, Outcome, Section } from '../section.js';
import { environmentOf, makeKey, makeTokens } from '../cluster/tokens.js';

const TOKENS = 1024;
const PROMISED = 0.92;

const server = (name: string): URL => new URL(`../servers/${name}.ts`, import.meta.url);

/** The cost of a guard for a token that it has seen before, as in most requests of a service. */
export const seenTokens: Section = {
  name: 'seen',
  title: 'A route and its guard, tokens seen before',
  explains: `Each server has the route \`GET /hello\`, and ${CONNECTIONS} connections present ${count(TOKENS)} different tokens repeatedly. The
recipe is the one of Nest's documentation, \`@nestjs/jwt\` and \`passport-jwt\` with a text secret (HS256). *Answers for the
same processor time* compares the processor time of the server processes, so that a slow load generator does not favour a
contender.`,
  measure,
};

async function measure(bench: Bench): Promise<Outcome> {
  const es256 = makeKey('ES256');
  const hs256 = makeKey('HS256');
  const own = makeTokens(es256, TOKENS);
  const recipe = makeTokens(hs256, TOKENS);
  const start = async (): Promise<Contenders> => {
    const contenders = await Promise.all([
      contender('bare Fastify', { program: server('bare-fastify') }, own),
      contender('Nest on Fastify, unguarded', { program: server('unguarded') }, own),
      ...bench.builds.map((build) =>
        contender(
          build.label('the same behind `JwtAuthGuard`, ES256'),
          { program: build.program('bench/servers/guarded.ts'), environment: environmentOf(es256) },
          own,
        ),
      ),
      ...(['fastify', 'express'] as const).map((adapter) =>
        contender(
          `the recipe on ${adapter === 'fastify' ? 'Fastify' : 'Express'}`,
          { program: server('recipe'), environment: environmentOf(hs256), args: [adapter] },
          recipe,
        ),
      ),
    ]);
    return { contenders, stop: () => Promise.all(contenders.map(({ child }) => child.stop())) };
  };
  const result = await compareFresh(start, bench);
  const [, unguarded, guarded] = result.names as [string, string, string];
  const reached = result.ratio(guarded, unguarded);
  return {
    tables: [
      {
        columns: ['Server', 'Answers/s', 'Processor time an answer', 'Answers for the same processor time'],
        rows: result.names.map((name) => [
          name,
          count(result.perSecond(name)),
          microseconds(result.cpuMicroseconds(name)),
          ratio(result.ratio(name, unguarded)),
        ]),
      },
    ],
    goals: [
      {
        promise: `guarded ≥ ${ratio(PROMISED)} of unguarded, tokens seen before`,
        reached: ratio(reached),
        isMet: reached >= PROMISED,
      },
    ],
  };
}

async function contender(
  name: string,
  { program, ...launch }: Launch & { program: URL },
  tokens: readonly string[],
): Promise<Contender> {
  return presentedWith(tokens, name, await startChild(program, launch));
}
