import { counted } from '../../text/count.ts';
import type { PublishedRow } from './facts.ts';
import { html, type Html } from './markup.ts';
import { fold, table, type Column } from './table.ts';
import { sizeOf, timeOf } from './words.ts';

/** Packages that are shown for each destination; those behind them unfold. */
const MOST_PACKAGES = 8;

/** What reached which destination, newest first. */
export function publishedSection(published: readonly PublishedRow[]): Html {
  return html`<section id="published" aria-labelledby="published-title">
    <h2 id="published-title">Published</h2>
    ${
      published.length === 0
        ? html`<p class="empty">Nothing of this plan was published.</p>`
        : [...byDestinationOf(published)].map(([name, rows]) => destination(name, rows))
    }
  </section>`;
}

function byDestinationOf(rows: readonly PublishedRow[]): Map<string, PublishedRow[]> {
  const groups = new Map<string, PublishedRow[]>();
  for (const row of rows.toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)))
    groups.set(row.destination, [...(groups.get(row.destination) ?? []), row]);
  return groups;
}

function destination(name: string, rows: readonly PublishedRow[]): Html {
  const bytes = rows.reduce((sum, one) => sum + one.sizeBytes, 0);
  const rest = rows.slice(MOST_PACKAGES);
  return html`<h3>
      ${name} <span class="quiet">${rows[0]?.kind ?? ''}, ${counted(rows.length, 'package')}, ${sizeOf(bytes)}</span>
    </h3>
    ${packageTable(rows.slice(0, MOST_PACKAGES), `Packages at ${name}`)}
    ${
      rest.length === 0
        ? ''
        : fold(counted(rest.length, 'more package'), packageTable(rest, `More packages at ${name}`))
    }`;
}

const COLUMNS: ReadonlyArray<Column<PublishedRow>> = [
  { title: 'Version', isName: true, cell: ({ version }) => version },
  { title: 'From', cell: ({ base }) => base ?? 'any, full package' },
  { title: 'Size', className: 'number', cell: ({ sizeBytes }) => sizeOf(sizeBytes) },
  { title: 'Published', className: 'when', cell: ({ at }) => timeOf(at) },
  { title: 'Place', className: 'path', cell: ({ place }) => place },
];

const packageTable = (rows: readonly PublishedRow[], label: string): Html => table({ label }, COLUMNS, rows);
