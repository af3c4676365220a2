import { html, type Html, type Part } from './markup.ts';

/** A column of a table, from its heading down. */
export interface Column<Row> {
  /** Absent over bars: the figures beside them say the same. */
  title?: string;
  /** Classes of the heading and of each cell: `number` aligns them to the right. */
  className?: string;
  /** Classes of a cell beside those, by its row. */
  tone?: (row: Row) => string;
  /** Its cells name their rows. */
  isName?: true;
  cell: (row: Row) => Part;
}

/** How a table is named: to who reads it, or only hears it. */
export interface TableName {
  /** What the table has, in full. Heard only. */
  label: string;
  /** Stands above the table. */
  caption?: string;
  className?: string;
}

/** A table that scrolls by itself where the window is narrower. */
export function table<Row>(
  { label, caption, className }: TableName,
  columns: ReadonlyArray<Column<Row>>,
  rows: readonly Row[],
): Html {
  return html`<div class="scroll" role="group" aria-label="${label}">
    <table ${classes(className)}>
      ${
        caption === undefined
          ? html`<caption class="sr">
              ${label}
            </caption>`
          : html`<caption>
              ${caption}
            </caption>`
      }
      <thead>
        <tr>
          ${columns.map(headingOf)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${columns.map((column) => cellOf(column, row))}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

const headingOf = ({ title, className }: Pick<Column<never>, 'title' | 'className'>): Html =>
  title === undefined
    ? html`<td ${classes(className)}></td>`
    : html`<th scope="col" ${classes(className)}>${title}</th>`;

function cellOf<Row>({ className, tone, isName, cell }: Column<Row>, row: Row): Html {
  const own = classes(className, tone?.(row));
  return isName === true ? html`<th scope="row" ${own}>${cell(row)}</th>` : html`<td ${own}>${cell(row)}</td>`;
}

function classes(...names: ReadonlyArray<string | undefined>): Html | undefined {
  const given = names.filter((name) => name !== undefined && name !== '').join(' ');
  return given === '' ? undefined : html`class="${given}"`;
}

/** What unfolds under a line that says what it is. */
export const fold = (summary: Part, content: Part): Html =>
  html`<details class="more">
    <summary>${summary}</summary>
    ${content}
  </details>`;
