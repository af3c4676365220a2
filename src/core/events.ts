import type { Turns } from './turns.ts';

/**
 * What the core tells whoever runs it. The core never prints: commands hand
 * these to a view in commands/terminal/ (a terminal, plain lines, NDJSON).
 */
export type ReleaseEvent =
  | { type: 'step-started'; id: string; title: string }
  | { type: 'step-progress'; id: string; message: string }
  | { type: 'step-done'; id: string; message: string }
  | { type: 'step-skipped'; id: string; title: string; reason: string }
  | { type: 'step-failed'; id: string; title: string; message: string }
  | { type: 'note'; message: string }
  | { type: 'warning'; message: string };

export type Report = (event: ReleaseEvent) => void;

/** How a task ended; a line for the person who watches. */
export type TaskOutcome = { state: 'done' | 'failed' | 'skipped'; message: string };

/** A unit of work that a view shows. */
export interface Task {
  title: string;
  /**
   * Does it. Failures that a report records are an outcome, not an exception;
   * only an interruption throws.
   */
  run(progress: (message: string) => void): Promise<TaskOutcome>;
}

/**
 * Runs tasks and shows them; ends when the last has ended. They run one after
 * the other, unless `turns` says which may run beside one another.
 */
export type Drive = (tasks: readonly Task[], turns?: Turns) => Promise<void>;
