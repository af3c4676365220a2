import type { Table } from './table.ts';

/** How the benches are to run. */
export interface BenchSettings {
  /** The large images, minutes long, in place of the small ones. */
  full: boolean;
  /**
   * Rounds of what is timed; each round runs every program once, so that a slow minute of the machine meets all of
   * them.
   */
  rounds: number;
  /** Where inputs are kept between runs. */
  cacheDir: string;
  /** Where outputs of one run go; removed afterwards. */
  workDir: string;
  /** Says on stderr what is going on. */
  note(message: string): void;
}

/** Whether a number of issue 3 is reached. */
export interface Judgement {
  target: string;
  /** What was measured against it, in words. */
  measured: string;
  reached: boolean;
}

export interface BenchResult {
  tables: Table[];
  judgements: Judgement[];
  /** Every measurement, for the JSON output. */
  data: unknown;
}

/** One bench: a file of its own and a line in run.ts. */
export interface Bench {
  name: string;
  about: string;
  /** Run only when it is named: it answers a question that is seldom asked. */
  onRequest?: true;
  run(settings: BenchSettings): Promise<BenchResult>;
}
