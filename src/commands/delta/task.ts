import { formatBytes, formatShare } from '../../text/bytes.ts';
import { formatDuration } from '../../text/duration.ts';
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
        let phase = { name: '', startMs: shownMs };
        const value = await work((progress) => {
          if (progress.phase !== phase.name) phase = { name: progress.phase, startMs: performance.now() };
          if (performance.now() - shownMs < PROGRESS_EVERY_MS) return;
          shownMs = performance.now();
          show(progressLine(progress, performance.now() - phase.startMs));
        });
        result = { value };
        return { state: 'done', message: summary(value) };
      },
    },
  ]);
  if (result === undefined) throw new Error(`${title}: the view ended without running it`);
  return result.value;
}

/** How far a phase is, how fast it goes, and how long it will take. */
function progressLine({ phase, doneBytes, totalBytes }: Progress, elapsedMs: number): string {
  const rate = `${formatBytes(Math.round((doneBytes * 1000) / Math.max(1, elapsedMs)))}/s`;
  if (totalBytes === undefined) return `${phase}: ${formatBytes(doneBytes)}, ${rate}`;
  const leftMs = doneBytes === 0 ? undefined : ((totalBytes - doneBytes) * elapsedMs) / doneBytes;
  const left = leftMs === undefined ? '' : `, ${formatDuration(leftMs)} left`;
  return `${phase}: ${formatShare(doneBytes, totalBytes)} of ${formatBytes(totalBytes)}, ${rate}${left}`;
}
