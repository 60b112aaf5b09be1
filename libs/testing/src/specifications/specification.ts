/** Makes what is tested; called anew for each statement. */
export type Made<T> = () => T | Promise<T>;

type Statement = () => void | Promise<void>;

/** What runs the tests: `describe` and `it` of Jest, Vitest, Mocha or `node:test`. */
export interface SpecificationRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, statement: Statement) => unknown;
}

let handedOver: SpecificationRunner | undefined;

/**
 * Hands the specifications of this file the functions of its test runner, where these are imported rather than global:
 * Vitest without `globals: true`, Jest with `injectGlobals: false`, `node:test` without `--test`.
 *
 * @example
 * ```ts
 * import { describe, it } from 'vitest';
 * runSpecificationsWith({ describe, it });
 * passwordHasherSpec(() => new ScryptPasswordHasher());
 * ```
 */
export function runSpecificationsWith(functions: SpecificationRunner): void {
  handedOver = functions;
}

/**
 * Hands the statements to the runner of the test. The statements themselves use nothing but `node:assert`.
 *
 * @throws Error where no runner is known: statements that nobody runs would look like ones that hold
 */
export function specification(name: string, statements: Readonly<Record<string, Statement>>): void {
  const { describe, it } = runner();
  describe(name, () => {
    for (const [sentence, statement] of Object.entries(statements)) it(sentence, statement);
  });
}

function runner(): SpecificationRunner {
  const global = globalThis as Partial<SpecificationRunner>;
  if (handedOver) return handedOver;
  if (global.describe && global.it) return global as SpecificationRunner;
  // Under another runner those of node:test would be called by nobody, or be reported to nobody.
  const isOfNode =
    process.env.NODE_TEST_CONTEXT !== undefined || process.execArgv.some((flag) => /^--test\b/.test(flag));
  if (isOfNode) {
    const { describe, it } = process.getBuiltinModule('node:test');
    return { describe, it: (sentence, statement) => it(sentence, () => statement()) };
  }
  throw new Error(
    'The specifications of postern/testing find no global `describe` and `it`: import them from your test runner, and write runSpecificationsWith({ describe, it }) before the first specification.',
  );
}
