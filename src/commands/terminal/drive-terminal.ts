import { styleText } from 'node:util';
import type { Drive, Task, TaskOutcome } from '../../core/events.ts';
import { inSequence, takeTurns } from '../../core/turns.ts';
import { endLine, frameOf, sumInWords, type EndedTask, type RunningTask } from './frame.ts';
import type { Glyphs } from './glyphs.ts';
import type { Screen } from './screen.ts';

/** How often the list is drawn: a second must not be missed, and a slow line not be filled. */
const DRAW_EVERY_MS = 120;

export interface TerminalOptions {
  /** Prints for good. */
  print(text: string): void;
  glyphs: Glyphs;
  colour: boolean;
}

const COLOURS = { done: 'green', failed: 'red', skipped: 'yellow' } as const;

/**
 * Tasks as a list on a terminal, run by listr2: what has ended scrolls up and stays, what runs and what comes next is
 * drawn below it within the window, which listr2's own renderers leave.
 */
export function terminalDrive(screen: Screen, options: TerminalOptions): Drive {
  return async (tasks, turns = inSequence(tasks.length)) => {
    const { Listr } = await import('listr2');
    const list = new TaskList(tasks, screen, options);
    const gates = tasks.map(() => ({ turn: deferred(), end: deferred() }));
    const listr = new Listr(
      tasks.map(({ title }, at) => ({
        title,
        task: async () => {
          // listr2 begins all of them at once: each waits for its turn.
          await gates[at]?.turn.promise;
          await list.run(at);
          gates[at]?.end.resolve();
        },
      })),
      // cli.ts listens for signals; listr2 would exit from the middle.
      { concurrent: true, registerSignalListeners: false, renderer: windowRenderer(list) },
    );
    const ended = listr.run();
    try {
      await takeTurns(turns, async (at) => {
        gates[at]?.turn.resolve();
        await gates[at]?.end.promise;
        list.throwIfBroken();
      });
    } finally {
      list.close();
      for (const { turn } of gates) turn.resolve();
      await ended;
      list.sum();
    }
  };
}

/** What listr2 is given to draw with. */
const windowRenderer = (list: TaskList) =>
  class {
    // Whether there is a window is known before; listr2 looks at stdout, which may be a pipe for a document.
    static readonly nonTTY = true;
    static readonly rendererOptions = {};
    static readonly rendererTaskOptions = {};
    #timer: NodeJS.Timeout | undefined;

    readonly render = (): void => {
      this.#timer = setInterval(() => list.draw(), DRAW_EVERY_MS);
    };

    readonly end = (): void => {
      clearInterval(this.#timer);
      list.clear();
    };
  };

/** How far the tasks are, and what of it is seen. */
class TaskList {
  readonly #startedMs = performance.now();
  readonly #ended: EndedTask[] = [];
  /** By place in the list. */
  readonly #running = new Map<number, RunningTask>();
  readonly #waiting: Set<number>;
  readonly #failures: unknown[] = [];
  #isClosed = false;

  constructor(
    private readonly tasks: readonly Task[],
    private readonly screen: Screen,
    private readonly options: TerminalOptions,
  ) {
    this.#waiting = new Set(tasks.keys());
  }

  /** Runs a task, once the list is closed none. Never throws; see {@link throwIfBroken}. */
  async run(at: number): Promise<void> {
    const task = this.tasks[at];
    if (task === undefined || this.#isClosed) return;
    const now: RunningTask = { title: task.title, message: '', startedMs: performance.now() };
    this.#waiting.delete(at);
    this.#running.set(at, now);
    this.draw();
    try {
      this.#end(at, await task.run((message) => void (now.message = message)));
    } catch (error) {
      this.#failures.push(error);
      // Why is told by whoever asked for the tasks.
      this.#end(at, { state: 'failed', message: 'broken off' });
    }
  }

  /** What comes from a bug or an interruption is no outcome of a task. */
  throwIfBroken(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  /** Begins nothing any more. */
  close(): void {
    this.#isClosed = true;
  }

  draw(): void {
    const progress = {
      ended: this.#ended,
      running: [...this.#running.values()],
      waiting: [...this.#waiting].map((at) => this.tasks[at]?.title ?? ''),
      startedMs: this.#startedMs,
    };
    this.screen.draw(frameOf(progress, this.screen.window, this.options.glyphs, performance.now()));
  }

  clear(): void {
    this.screen.draw([]);
  }

  sum(): void {
    if (this.tasks.length > 1) this.options.print(`${sumInWords(this.#ended, performance.now() - this.#startedMs)}\n`);
  }

  #end(at: number, { state, message }: TaskOutcome): void {
    const { glyphs, print, colour } = this.options;
    const paint = (of: TaskOutcome['state'], text: string): string => (colour ? styleText(COLOURS[of], text) : text);
    const { title, startedMs } = this.#running.get(at) ?? { title: '', startedMs: performance.now() };
    const one = { title, state, durationMs: performance.now() - startedMs };
    this.#running.delete(at);
    this.#ended.push(one);
    this.clear();
    print(`${endLine(one, message, glyphs, paint)}\n`);
  }
}

function deferred(): { promise: Promise<void>; resolve(): void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
