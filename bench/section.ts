import type { Build } from './build.js';

/** What a section is given. */
export interface Bench {
  /** Turns in a round, of a second for each contender. */
  readonly seconds: number;
  readonly rounds: number;
  /** The builds that compete: the working tree first, then the commit of `--against`. */
  readonly builds: readonly Build[];
  /** One short round: shows that everything runs, and is no result. */
  readonly isQuick: boolean;
  /** An empty database of a PostgreSQL; the same server for everybody, a new database for each call. */
  readonly database: () => Promise<string>;
}

/** A table as it is printed and as it is written into the document. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Something that was promised, and what came of it. */
export interface Goal {
  readonly promise: string;
  readonly reached: string;
  readonly isMet: boolean;
}

/** What a section found. */
export interface Outcome {
  readonly tables: readonly Table[];
  readonly goals: readonly Goal[];
}

/** One question, and how it is answered. */
export interface Section {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** What is compared with what, for the document. */
  readonly explains: string;
  measure(bench: Bench): Promise<Outcome>;
}
