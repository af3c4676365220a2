/** What a list of tasks looks like while it is worked through. Pure. */
import type { TaskOutcome } from '../../core/events.ts';
import { formatDuration } from '../../text/duration.ts';
import { printable, printableLines } from '../../text/printable.ts';
import { fit } from '../../text/width.ts';
import type { Glyphs } from './glyphs.ts';

/** A task that has ended. */
export interface EndedTask {
  title: string;
  state: TaskOutcome['state'];
  durationMs: number;
}

/** A task that runs. */
export interface RunningTask {
  title: string;
  /** What it does just now; may be empty. */
  message: string;
  startedMs: number;
}

/** How far a list is: what has ended stands above it, and is not drawn again. */
export interface Progress {
  ended: readonly EndedTask[];
  /** In the order in which they began; none between two tasks. */
  running: readonly RunningTask[];
  /** Titles, in order. */
  waiting: readonly string[];
  startedMs: number;
}

export interface Window {
  columns: number;
  rows: number;
}

/** The lines of a list within a window: what runs, as much of what comes next as fits, and the totals. */
export function frameOf(progress: Progress, { columns, rows }: Window, glyphs: Glyphs, nowMs: number): string[] {
  const { running, waiting } = progress;
  const line = (text: string): string => fit(printable(text), columns - 1, glyphs.more);
  // The cursor stands on a line of its own, and of what has ended last something is to be seen.
  const room = Math.max(1, rows - 1 - Math.min(progress.ended.length, Math.floor(rows / 3)));
  const spinner = glyphs.spinner[Math.floor(nowMs / 120) % glyphs.spinner.length] ?? '';
  const now = running.flatMap(({ title, message, startedMs }) => [
    line(`${spinner} ${title}  ${formatDuration(nowMs - startedMs)}`),
    ...(message === '' ? [] : [line(`  ${message.split('\n')[0] ?? ''}`)]),
  ]);
  const totals = isList(progress) ? [line(totalsInWords(progress, nowMs))] : [];
  const left = room - now.length - totals.length;
  if (left < 1) return [...now, ...totals].slice(0, room);
  const shown = waiting.length <= left ? waiting : waiting.slice(0, left - 1);
  const hidden = waiting.length - shown.length;
  return [
    ...now,
    ...shown.map((title) => line(`${glyphs.waiting} ${title}`)),
    ...(hidden === 0 ? [] : [line(`  and ${hidden} more`)]),
    ...totals,
  ];
}

/** One task has no totals. */
const isList = ({ ended, running, waiting }: Progress): boolean => ended.length + waiting.length + running.length > 1;

function totalsInWords(progress: Progress, nowMs: number): string {
  const { ended, running, waiting, startedMs } = progress;
  const of = ended.length + waiting.length + running.length;
  const failed = ended.filter(({ state }) => state === 'failed').length;
  const leftMs = remainingMs(progress, nowMs);
  return [
    `${ended.length} of ${of} steps`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
    formatDuration(nowMs - startedMs),
    ...(leftMs === undefined ? [] : [`about ${formatDuration(leftMs)} left`]),
  ].join(', ');
}

/** `build`, `delta`: steps of a kind take about as long as one another. */
const kindOf = (title: string): string => title.split(' ')[0] ?? '';

/**
 * How long the rest will take, by what was done of its kind and by how many run at once; undefined while one kind of
 * it was not done yet.
 */
export function remainingMs({ ended, running, waiting }: Progress, nowMs: number): number | undefined {
  const meanOf = (title: string): number | undefined => {
    const alike = ended.filter((one) => one.state === 'done' && kindOf(one.title) === kindOf(title));
    return alike.length === 0 ? undefined : alike.reduce((sum, one) => sum + one.durationMs, 0) / alike.length;
  };
  // What sums up takes no time to speak of.
  const needOf = (title: string): number | undefined => meanOf(title) ?? (title === 'report' ? 0 : undefined);
  const spentMs = running.map(({ startedMs }) => nowMs - startedMs);
  let leftMs = 0;
  for (const [at, title] of [...running.map((one) => one.title), ...waiting].entries()) {
    const need = needOf(title);
    if (need === undefined) return undefined;
    leftMs += Math.max(0, need - (spentMs[at] ?? 0));
  }
  return leftMs / Math.max(1, running.length);
}

/** What stays of a task that has ended: its title comes first, whatever became of it. */
export function endLine(
  { title, state, durationMs }: EndedTask,
  message: string,
  glyphs: Glyphs,
  paint: (state: TaskOutcome['state'], text: string) => string,
): string {
  const [first = '', ...rest] = printableLines(message).split('\n');
  const took = state === 'skipped' || durationMs < 1000 ? '' : ` (${formatDuration(durationMs)})`;
  return [
    `${paint(state, glyphs[state])} ${printable(title)}${first === '' ? '' : `: ${first}`}${took}`,
    ...rest.map((one) => `  ${one}`),
  ].join('\n');
}

/** The sum of a list: `9 steps done, 1 failed, 2 skipped, in 3 min 5 s`. */
export function sumInWords(ended: readonly Pick<EndedTask, 'state'>[], durationMs: number): string {
  const count = (state: TaskOutcome['state']): number => ended.filter((one) => one.state === state).length;
  const [done, failed, skipped] = [count('done'), count('failed'), count('skipped')];
  return [
    `${done} ${done === 1 ? 'step' : 'steps'} done`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(skipped === 0 ? [] : [`${skipped} skipped`]),
    `in ${formatDuration(durationMs)}`,
  ].join(', ');
}
