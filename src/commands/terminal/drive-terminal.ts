import type { Drive } from '../../core/events.ts';
import { printable, printableLines } from '../../text/printable.ts';

/** Tasks as a live list on a terminal, through listr2. */
export function terminalDrive(stream: NodeJS.WriteStream): Drive {
  return async (tasks) => {
    const { Listr, ListrLogger, ProcessOutput } = await import('listr2');
    let interruption: unknown;
    const list = new Listr(
      tasks.map((task) => ({
        title: printable(task.title),
        task: async (_context: unknown, shown: { output: string; title: string; skip(message: string): void }) => {
          const title = printable(task.title);
          if (interruption !== undefined) return shown.skip(`${title}: interrupted`);
          const outcome = await task
            .run((message) => void (shown.output = printable(message)))
            .catch((error: unknown) => {
              // Recorded here: with exitOnError off, listr2 9 keeps no errors.
              interruption = error;
              throw error;
            });
          const words = printableLines(outcome.message);
          if (outcome.state === 'skipped') return shown.skip(`${title}: ${words}`);
          if (outcome.state === 'failed') throw new Error(`${title}: ${words}`);
          shown.title = `${title}: ${words}`;
        },
      })),
      {
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
    await list.run();
    if (interruption !== undefined) throw interruption;
  };
}
