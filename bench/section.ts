import type { Build } from './build.js';

/** The input of a section. */
export interface Bench {
  /** Turns in a round, of a second for each contender. */
  readonly seconds: number;
  readonly rounds: number;
  /** The builds that compete: the working tree first, then the commit of `--against`. */
  readonly builds: readonly Build[];
  /** Runs one short round as a smoke test; its figures are not results. */
  readonly isQuick: boolean;
  /** Creates an empty database. All calls use the same PostgreSQL server. */
  readonly database: () => Promise<string>;
}

/** A table for the terminal and for the document. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A promise and the measured result. */
export interface Goal {
  readonly promise: string;
  readonly reached: string;
  readonly isMet: boolean;
}

/** The findings of a section. */
export interface Outcome {
  readonly tables: readonly Table[];
  readonly goals: readonly Goal[];
}

/** A question and the measurement that answers it. */
export interface Section {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** Describes the comparison in the document. */
  readonly explains: string;
  measure(bench: Bench): Promise<Outcome>;
}
