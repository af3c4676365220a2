import type { RunRecord } from '../../core/run-record.ts';
import { counted } from '../../text/count.ts';
import { formatBytes } from '../../text/bytes.ts';
import { formatDuration } from '../../text/duration.ts';
import { html, type Html } from './markup.ts';
import { fold, table, type Column } from './table.ts';
import { sizeOf, timeOf } from './words.ts';

/** Runs that are shown. */
export const RUNS_SHOWN = 30;

/** Units of a drawing per run, and its height: they are stretched to the width that there is. */
const STEP = 10;
const HEIGHT = 60;

/** The last runs as lines: sizes, durations, failures. */
export function runsSection(all: readonly RunRecord[]): Html {
  const runs = all.slice(-RUNS_SHOWN);
  return html`<section id="runs" aria-labelledby="runs-title">
    <h2 id="runs-title">Runs ${runs.length === 0 ? '' : html`<span class="quiet">${spanOf(runs.length)}</span>`}</h2>
    ${
      runs.length === 0
        ? html`<p class="empty">No run is on record yet. Each apply leaves one, and each night.</p>`
        : [outcomes(runs), ...(runs.length === 1 ? [] : [sizes(runs), durations(runs)]), runTable(runs)]
    }
  </section>`;
}

const spanOf = (count: number): string => (count === 1 ? 'one so far, no line yet' : `the last ${count}`);

const isGood = ({ exitCode }: RunRecord): boolean => exitCode === 0;

function outcomes(runs: readonly RunRecord[]): Html {
  const bad = runs.filter((one) => !isGood(one)).length;
  const words = bad === 0 ? 'no failure' : `${bad} of ${counted(runs.length, 'run')} failed`;
  const marks = runs.map(
    (one, at) =>
      html`<rect
        class="${isGood(one) ? 'ok' : 'bad'}"
        x="${at * STEP + 1}"
        y="${isGood(one) ? 4 : 0}"
        width="${STEP - 2}"
        height="${isGood(one) ? 6 : 14}"
        ><title>${titleOf(one)}</title></rect
      >`,
  );
  return plot('Outcome', words, runs.length, 14, marks);
}

function sizes(runs: readonly RunRecord[]): Html {
  const most = Math.max(...runs.map((one) => one.sizes?.largestBytes ?? 0));
  if (most === 0) return html`<p class="empty">No run made an update, so there are no sizes to compare.</p>`;
  const last = runs.at(-1)?.sizes;
  const words = last === undefined ? 'none in the last run' : `median ${formatBytes(last.medianBytes)}`;
  const lineOf = (pick: (one: NonNullable<RunRecord['sizes']>) => number, tone: string): Html => {
    const points = runs.flatMap((one, at): Array<[number, number]> =>
      one.sizes === undefined ? [] : [[at * STEP + STEP / 2, HEIGHT - (pick(one.sizes) / most) * (HEIGHT - 4) - 2]],
    );
    // One point is no line.
    const [[x, y] = [0, 0]] = points;
    if (points.length === 1) return html`<path class="${tone}" d="M${x - 2} ${y.toFixed(1)}H${x + 2}" />`;
    return html`<path
      class="${tone}"
      d="${points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x} ${y.toFixed(1)}`).join('')}"
    />`;
  };
  return plot('Size of an update', `${words}, largest ${formatBytes(most)}`, runs.length, HEIGHT, [
    grid(HEIGHT),
    lineOf((one) => one.largestBytes, 'line faint'),
    lineOf((one) => one.medianBytes, 'line'),
  ]);
}

function durations(runs: readonly RunRecord[]): Html {
  const most = Math.max(...runs.map((one) => one.durationMs), 1);
  const bars = runs.map((one, at) => {
    const height = Math.max(1.5, (one.durationMs / most) * (HEIGHT - 4));
    return html`<rect
      class="${isGood(one) ? 'time' : 'bad'}"
      x="${at * STEP + 1.5}"
      y="${(HEIGHT - height).toFixed(1)}"
      width="${STEP - 3}"
      height="${height.toFixed(1)}"
      ><title>${titleOf(one)}</title></rect
    >`;
  });
  return plot('Duration', `longest ${formatDuration(most)}`, runs.length, HEIGHT, [grid(HEIGHT), ...bars]);
}

const grid = (height: number): Html =>
  html`<path class="grid" d="M-1000 2H1000M-1000 ${height / 2}H1000M-1000 ${height - 0.5}H1000" />`;

const titleOf = ({ startedAt, durationMs, exitCode, checks }: RunRecord): string =>
  `${startedAt}: exit code ${exitCode}, ${checks.fail} failed checks, ${formatDuration(durationMs)}`;

/** A drawing with its name and its figures in words; the table below has all of them. */
function plot(name: string, words: string, count: number, height: number, content: readonly Html[]): Html {
  // Few runs keep their width and stand at the right, where the newest is.
  const slots = Math.max(count, 10);
  return html`<figure class="plot${height < HEIGHT ? ' low' : ''}">
    <figcaption><strong>${name}</strong> <span>${words}</span></figcaption>
    <svg
      viewBox="${(count - slots) * STEP} 0 ${slots * STEP} ${height}"
      height="${height}"
      preserveAspectRatio="none"
      role="img"
      aria-label="${name} of the last ${count} runs: ${words}"
    >
      ${content}
    </svg>
  </figure> `;
}

const COLUMNS: ReadonlyArray<Column<RunRecord>> = [
  { title: 'Started', isName: true, cell: ({ startedAt }) => timeOf(startedAt) },
  { title: 'Kind', cell: ({ kind }) => kind },
  {
    title: 'Outcome',
    tone: (one) => (isGood(one) ? 'pass' : 'fail'),
    cell: (one) => (isGood(one) ? 'ok' : `exit code ${one.exitCode}`),
  },
  { title: 'Failed checks', className: 'number', cell: ({ checks }) => checks.fail },
  { title: 'Steps done', className: 'number', cell: ({ steps }) => steps.done },
  { title: 'failed', className: 'number', cell: ({ steps }) => steps.failed },
  { title: 'Median update', className: 'number', cell: (one) => sizeOf(one.sizes?.medianBytes) },
  { title: 'Published', className: 'number', cell: ({ sentBytes }) => sizeOf(sentBytes) },
  { title: 'Duration', className: 'number', cell: ({ durationMs }) => formatDuration(durationMs) },
];

const runTable = (runs: readonly RunRecord[]): Html =>
  fold('All figures', table({ label: 'The last runs, newest first' }, COLUMNS, runs.toReversed()));
