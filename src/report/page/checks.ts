import type { BuildWarning, CheckRow, ConsistencyReport } from '../../core/report.ts';
import { counted } from '../../text/count.ts';
import type { PageFacts } from './facts.ts';
import { html, type Html } from './markup.ts';
import { fold, table, type Column } from './table.ts';
import { linkList } from './updates.ts';

type Result = CheckRow['result'];

const WORDS: Record<Result, string> = { 'pass': 'pass', 'fail': 'FAIL', 'not-checked': 'not checked' };
const BADNESS: Record<Result, number> = { 'fail': 0, 'not-checked': 1, 'pass': 2 };

interface Subject {
  name: string;
  rows: CheckRow[];
}

/** Every check, by what it is about: what fails comes first and is open. */
export function checksSection({ checks }: ConsistencyReport, { links }: PageFacts): Html {
  const count = (result: Result): number => checks.filter((row) => row.result === result).length;
  const choices: Array<[value: string, label: string, count: number]> = [
    ['all', 'All', checks.length],
    ['fail', 'Failed', count('fail')],
    ['not-checked', 'Not checked', count('not-checked')],
    ['pass', 'Passed', count('pass')],
  ];
  const subjects = subjectsOf(checks);
  const blocks =
    checks.length === 0
      ? html`<p class="empty">The plan requires nothing that could be checked.</p>`
      : (['fail', 'not-checked', 'pass'] as const).map((worst) => {
          return foldOf(
            worst,
            subjects.filter((one) => worstOf(one) === worst).map((one) => subjectBlock(one, links)),
          );
        });
  return html`<section id="checks" aria-labelledby="checks-title">
    <h2 id="checks-title">Checks</h2>
    <form class="filter" role="search" aria-label="Checks" hidden>
      <fieldset>
        <legend class="sr">Result</legend>
        ${choices.map(
          ([value, label, of]) =>
            html`<label
              ><input type="radio" name="result" value="${value}" ${value === 'all' ? html` checked` : ''} /><span
                >${label} <b>${of}</b></span
              ></label
            >`,
        )}
      </fieldset>
      <label class="search"
        ><span class="sr">Text in subject or detail</span
        ><input type="search" name="text" placeholder="Filter by text" autocomplete="off"
      /></label>
      <p class="shown" role="status"></p>
    </form>
    ${blocks}
  </section>`;
}

const FOLDED: Record<Exclude<Result, 'fail'>, string> = {
  'not-checked': 'where something was not checked, and nothing fails',
  'pass': 'where every check passes',
};

/** Subjects that are shown without being asked for; what fails always is. */
const MOST_SUBJECTS = 6;

function foldOf(worst: Result, blocks: readonly Html[]): Html | readonly Html[] {
  if (worst === 'fail' || blocks.length <= MOST_SUBJECTS) return blocks;
  return html`<details class="more fold">
    <summary>${counted(blocks.length, 'subject')} ${FOLDED[worst]}</summary>
    ${blocks}
  </details>`;
}

/** Checks by what they are about, in the order in which they come. */
function subjectsOf(checks: readonly CheckRow[]): Subject[] {
  const subjects = new Map<string, Subject>();
  for (const row of checks) {
    const known = subjects.get(row.subject);
    if (known === undefined) subjects.set(row.subject, { name: row.subject, rows: [row] });
    else known.rows.push(row);
  }
  return [...subjects.values()];
}

/** The worst that a check of a subject came to. */
const worstOf = ({ rows }: Subject): Result =>
  rows.reduce<Result>((worst, { result }) => (BADNESS[result] < BADNESS[worst] ? result : worst), 'pass');

function subjectBlock(subject: Subject, links: PageFacts['links']): Html {
  const { name, rows } = subject;
  const count = (result: Result): number => rows.filter((row) => row.result === result).length;
  const [fail, open, pass] = [count('fail'), count('not-checked'), count('pass')];
  const parts = [
    ...(fail > 0 ? [html`<span class="fail">${fail} failed</span>`] : []),
    ...(open > 0 ? [html`<span class="not-checked">${open} not checked</span>`] : []),
    ...(pass > 0 ? [html`<span class="pass">${pass} passed</span>`] : []),
  ];
  const body = rows
    .toSorted((a, b) => BADNESS[a.result] - BADNESS[b.result])
    .map(
      (row) =>
        html`<tr data-result="${row.result}">
          <td class="result ${row.result}">${WORDS[row.result]}</td>
          <th scope="row">${row.check}</th>
          <td class="detail">${row.detail}</td>
        </tr> `,
    );
  return html`<details class="subject" ${fail > 0 ? html` open` : ''}>
    <summary>
      <span class="dot ${worstOf(subject)}" aria-hidden="true"></span><span class="name">${name}</span>
      <span class="counts">${parts}</span>
    </summary>
    <div class="inside">
      <table>
        <caption class="sr">
          Checks of ${name}
        </caption>
        <thead class="sr">
          <tr>
            <th scope="col">Result</th>
            <th scope="col">Check</th>
            <th scope="col">Detail</th>
          </tr>
        </thead>
        <tbody>
          ${body}
        </tbody>
      </table>
      ${linkList(links.get(name))}
    </div>
  </details> `;
}

const WARNING_COLUMNS: ReadonlyArray<Column<BuildWarning>> = [
  { title: 'Version', isName: true, cell: ({ version }) => version },
  { title: 'Warning', className: 'detail', cell: ({ message }) => message },
];

/** What builds warned of; nothing without a warning. */
export function warningsSection(warnings: readonly BuildWarning[] = []): Html | undefined {
  if (warnings.length === 0) return undefined;
  return html`<section id="warnings" aria-labelledby="warnings-title">
    <h2 id="warnings-title">Build warnings</h2>
    ${fold(counted(warnings.length, 'warning'), table({ label: 'Build warnings' }, WARNING_COLUMNS, warnings))}
  </section>`;
}
