/** Creates the object under test. It is called for each statement. */
export type Made<T> = () => T | Promise<T>;

type Statement = () => void | Promise<void>;

/** `describe` and `it` of Jest, Vitest, Mocha or `node:test`. */
export interface SpecificationRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, statement: Statement) => unknown;
}

let customRunner: SpecificationRunner | undefined;

/**
 * Sets the test runner of the specifications. Needed if `describe` and `it` are not global:
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
  customRunner = functions;
}

/**
 * Registers the statements with the test runner. They use only `node:assert`.
 *
 * @throws Error if there is no test runner, because statements that never run would look like passing ones
 */
export function specification(name: string, statements: Readonly<Record<string, Statement>>): void {
  const { describe, it } = runner();
  describe(name, () => {
    for (const [sentence, statement] of Object.entries(statements)) it(sentence, statement);
  });
}

function runner(): SpecificationRunner {
  const global = globalThis as Partial<SpecificationRunner>;
  if (customRunner) return customRunner;
  if (global.describe && global.it) return global as SpecificationRunner;
  // Under another test runner, `node:test` would not run the statements or not report them.
  const isOfNode =
    process.env.NODE_TEST_CONTEXT !== undefined || process.execArgv.some((flag) => /^--test\b/.test(flag));
  if (isOfNode) {
    const { describe, it } = process.getBuiltinModule('node:test');
    return { describe, it: (sentence, statement) => it(sentence, () => statement()) };
  }
  throw new Error(
    'The specifications of postern/testing need `describe` and `it`: import them from your test runner, and call runSpecificationsWith({ describe, it }) before the first specification.',
  );
}
