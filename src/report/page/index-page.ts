/** The front page over plans and products: a row for each, and a link to its page. */
import type { ConsistencyReport, FleetRow } from '../../core/report.ts';
import type { RunRecord } from '../../core/run-record.ts';
import { counted } from '../../text/count.ts';
import { formatShare } from '../../text/bytes.ts';
import { documentOf, heading } from './document.ts';
import { html, type Html, type Part } from './markup.ts';
import { table, type Column } from './table.ts';
import { NONE, grouped, medianOf, sizeOf, timeOf } from './words.ts';

/** A plan, and its report as its last run left it. */
export interface IndexRow {
  product: string;
  machine: string;
  image: string;
  /** The plan file, as people name it. */
  plan: string;
  /** Where its page is; absent where there is none, or where the front page may lie anywhere. */
  page?: string;
  /** Absent where no run has written one, or it cannot be read. */
  report?: ConsistencyReport;
  /** Oldest first. */
  runs: readonly RunRecord[];
}

type State = 'go' | 'no-go' | 'unknown';

/** What its last report says; `unknown` without one. */
export const stateOf = ({ report }: IndexRow): State =>
  report === undefined ? 'unknown' : report.consistent ? 'go' : 'no-go';

const WORDS: Record<State, string> = { 'go': 'GO', 'no-go': 'NO-GO', 'unknown': 'no report' };
const ORDER: readonly State[] = ['no-go', 'unknown', 'go'];

/** Runs that a row shows. */
const RUNS_IN_ROW = 14;

/** What needs a person comes first. */
export function indexPage(rows: readonly IndexRow[]): string {
  const count = (state: State): number => rows.filter((row) => stateOf(row) === state).length;
  const products = new Set(rows.map(({ product }) => product)).size;
  const sorted = rows.toSorted((a, b) => ORDER.indexOf(stateOf(a)) - ORDER.indexOf(stateOf(b)));
  const isGo = count('go') === rows.length;
  const sentence = isGo ? `All ${counted(rows.length, 'plan')} can be released.` : 'plans can be released.';
  const failing =
    count('no-go') === 0 ? 'No report names a failed check' : `${counted(count('no-go'), 'report')} with failed checks`;
  const unknown =
    count('unknown') === 0
      ? ''
      : html`<li>${counted(count('unknown'), 'plan')} without a report that can be read: run apply</li>`;
  return documentOf(
    `Releases: ${count('go')} of ${rows.length} GO`,
    html`${heading('Releases', `${counted(products, 'product')}, ${counted(rows.length, 'plan')}`, '')}
      <main>
        <section class="verdict ${isGo ? 'go' : 'no-go'}" aria-labelledby="verdict">
          <h2 id="verdict">
            <span class="word">${isGo ? 'GO' : `${count('go')} of ${rows.length}`}</span>
            <span class="sentence">${sentence}</span>
          </h2>
          <ul>
            <li>${failing}</li>
            ${unknown}
          </ul>
        </section>
        <div id="details" class="cards">
          <section aria-labelledby="plans">
            <h2 id="plans">Plans</h2>
            ${table({ label: 'Plans, those that need attention first', className: 'plans' }, COLUMNS, sorted)}
          </section>
        </div>
      </main>
      <footer>Each verdict is of the report that the last run of the plan wrote. Times are UTC.</footer>`,
  );
}

const figure = (title: string, of: (report: ConsistencyReport) => Part): Column<IndexRow> => ({
  title,
  className: 'number',
  cell: ({ report }) => (report === undefined ? NONE : of(report)),
});

const COLUMNS: ReadonlyArray<Column<IndexRow>> = [
  { title: 'Verdict', cell: (row) => html`<span class="badge ${stateOf(row)}">${WORDS[stateOf(row)]}</span>` },
  { title: 'Product', isName: true, cell: (row) => html`${nameOf(row)}<span class="detail">${row.plan}</span>` },
  { title: 'Machine', cell: ({ machine, image }) => html`${machine}<span class="detail">${image}</span>` },
  figure('Failed checks', ({ checks }) => checks.filter(({ result }) => result === 'fail').length),
  figure('Median update', ({ sizes }) =>
    sizeOf(sizes.length === 0 ? undefined : medianOf(sizes.map(({ sendBytes }) => sendBytes))),
  ),
  figure('Devices', ({ fleet = [] }) => (fleet.length === 0 ? NONE : grouped(sumOf(fleet, ({ devices }) => devices)))),
  figure('By delta', ({ fleet = [] }) =>
    formatShare(
      sumOf(fleet, ({ ways }) => ways.delta),
      sumOf(fleet, ({ ways }) => ways.delta + ways.full + ways.none),
    ),
  ),
  { title: 'Last runs', className: 'spark', cell: ({ runs }) => sparkOf(runs.slice(-RUNS_IN_ROW)) },
  {
    title: 'As of',
    className: 'when',
    cell: ({ report }) => (report === undefined ? NONE : timeOf(report.generatedAt)),
  },
];

const nameOf = ({ page, product }: IndexRow): Part =>
  page === undefined ? product : html`<a href="${page}">${product}</a>`;

const sumOf = (fleet: readonly FleetRow[], count: (one: FleetRow) => number): number =>
  fleet.reduce((total, one) => total + count(one), 0);

function sparkOf(runs: readonly RunRecord[]): Html {
  if (runs.length === 0) return html`<span class="quiet">none on record</span>`;
  const bad = runs.filter(({ exitCode }) => exitCode !== 0).length;
  const offset = RUNS_IN_ROW - runs.length;
  const marks = runs.map(
    ({ exitCode, startedAt }, at) =>
      html`<rect
        class="${exitCode === 0 ? 'ok' : 'bad'}"
        x="${(offset + at) * 10 + 1}"
        y="${exitCode === 0 ? 5 : 0}"
        width="8"
        height="${exitCode === 0 ? 6 : 16}"
        ><title>${startedAt}: exit code ${exitCode}</title></rect
      >`,
  );
  const label = bad === 0 ? `${runs.length} runs, no failure` : `${bad} of ${runs.length} runs failed`;
  return html`<span class="plot"
    ><svg viewBox="0 0 ${RUNS_IN_ROW * 10} 16" preserveAspectRatio="none" role="img" aria-label="${label}">
      ${marks}
    </svg></span
  >`;
}

/** The same for programs. */
export const indexDocument = (rows: readonly IndexRow[]): object => ({
  schema: 1,
  plans: rows.map((row) => ({
    plan: row.plan,
    product: row.product,
    machine: row.machine,
    image: row.image,
    verdict: stateOf(row),
    ...(row.page === undefined ? {} : { page: row.page }),
    ...(row.report === undefined
      ? {}
      : {
          generatedAt: row.report.generatedAt,
          failed: row.report.checks.filter(({ result }) => result === 'fail'),
          ...(row.report.transfer === undefined ? {} : { transfer: row.report.transfer }),
        }),
    runs: row.runs,
  })),
});
