import type { Drive } from '../../core/events.ts';
import { inSequence, takeTurns } from '../../core/turns.ts';
import { printable, printableLines } from '../../text/printable.ts';

/** What listr2 hands to a task of its own. */
interface Shown {
  output: string;
  title: string;
  skip(message: string): void;
  task: { state$: unknown };
}

/** Tasks as a live list on a terminal, through listr2. */
export function terminalDrive(stream: NodeJS.WriteStream): Drive {
  return async (tasks, turns = inSequence(tasks.length)) => {
    const { DefaultRenderer, Listr, ListrLogger, ListrTaskState, ProcessOutput } = await import('listr2');
    /** listr2 asks whether stdout is a terminal, which may well be a pipe for a document: the list is on stderr. */
    class StderrRenderer extends DefaultRenderer {
      static override nonTTY = true;
    }
    let interruption: unknown;
    const gates = tasks.map(() => ({ turn: deferred(), end: deferred() }));
    const list = new Listr(
      tasks.map((task, at) => ({
        title: printable(task.title),
        task: async (_context: unknown, shown: Shown) => {
          const title = printable(task.title);
          // listr2 begins all of them; a task whose turn has not come is shown as one that waits.
          shown.task.state$ = ListrTaskState.WAITING;
          await gates[at]?.turn.promise;
          shown.task.state$ = ListrTaskState.STARTED;
          if (interruption !== undefined) return shown.skip(`${title}: interrupted`);
          try {
            const outcome = await task.run((message) => void (shown.output = printable(message)));
            const words = printableLines(outcome.message);
            if (outcome.state === 'skipped') return shown.skip(`${title}: ${words}`);
            if (outcome.state === 'failed') throw new Failed(`${title}: ${words}`);
            shown.title = `${title}: ${words}`;
          } catch (error) {
            // Recorded here: with exitOnError off, listr2 9 keeps no errors.
            if (!(error instanceof Failed)) interruption ??= error;
            throw error;
          } finally {
            gates[at]?.end.resolve();
          }
        },
      })),
      {
        renderer: StderrRenderer,
        concurrent: true,
        exitOnError: false,
        // cli.ts listens for signals; listr2 would exit from the middle.
        registerSignalListeners: false,
        rendererOptions: {
          logger: new ListrLogger({ processOutput: new ProcessOutput(stream, stream) }),
          collapseErrors: true,
          collapseSkips: true,
        },
      },
    );
    const shown = list.run();
    await takeTurns(turns, async (at) => {
      gates[at]?.turn.resolve();
      await gates[at]?.end.promise;
      if (interruption !== undefined) throw interruption;
    }).catch((error: unknown) => void (interruption ??= error));
    for (const { turn } of gates) turn.resolve();
    await shown;
    if (interruption !== undefined) throw interruption;
  };
}

/** An outcome that listr2 shows as an error. */
class Failed extends Error {}

function deferred(): { promise: Promise<void>; resolve(): void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
