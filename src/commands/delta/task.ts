import { formatBytes, formatShare } from '../../text/bytes.ts';
import type { Progress } from '../../rdiff/index.ts';
import type { CommandContext } from '../host.ts';

/** Lines of progress come no more often than this: a log must not fill. */
const PROGRESS_EVERY_MS = 1000;

/**
 * Runs one piece of work under a title, with its progress shown; a failure is
 * thrown on for cli.ts to explain.
 *
 * @param summary the line that the task ends with
 */
export async function runTask<T>(
  context: CommandContext,
  title: string,
  work: (onProgress: (progress: Progress) => void) => Promise<T>,
  summary: (result: T) => string,
): Promise<T> {
  let result: { value: T } | undefined;
  await context.drive([
    {
      title,
      async run(show) {
        let shownMs = performance.now();
        const value = await work((progress) => {
          if (performance.now() - shownMs < PROGRESS_EVERY_MS) return;
          shownMs = performance.now();
          show(progressLine(progress));
        });
        result = { value };
        return { state: 'done', message: summary(value) };
      },
    },
  ]);
  if (result === undefined) throw new Error(`${title}: the view ended without running it`);
  return result.value;
}

const progressLine = ({ phase, doneBytes, totalBytes }: Progress): string =>
  totalBytes === undefined
    ? `${phase}: ${formatBytes(doneBytes)}`
    : `${phase}: ${formatShare(doneBytes, totalBytes)} of ${formatBytes(totalBytes)}`;
