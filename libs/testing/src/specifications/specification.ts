/** Makes what is tested; called anew for each statement. */
export type Made<T> = () => T | Promise<T>;

type Statement = () => void | Promise<void>;

interface Runner {
  readonly describe: (name: string, body: () => void) => void;
  readonly it: (name: string, statement: Statement) => void;
}

/**
 * Hands the statements to the runner of the test: the global `describe` and `it` of Jest, Vitest and Mocha, or where there are
 * none, those of `node:test`. The statements themselves use nothing but `node:assert`.
 */
export function specification(name: string, statements: Readonly<Record<string, Statement>>): void {
  const { describe, it } = runner();
  describe(name, () => {
    for (const [sentence, statement] of Object.entries(statements)) it(sentence, statement);
  });
}

function runner(): Runner {
  const global = globalThis as Partial<Runner>;
  if (global.describe && global.it) return global as Runner;
  const { describe, it } = process.getBuiltinModule('node:test');
  return { describe: (name, body) => void describe(name, body), it: (name, body) => void it(name, () => body()) };
}
