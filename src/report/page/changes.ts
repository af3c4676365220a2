import { pairText } from '../../core/pair.ts';
import type { ChangeRow, ConsistencyReport } from '../../core/report.ts';
import type {
  ChangedFiles,
  ChangedLayer,
  ChangedPackage,
  ChangedPair,
  ChangedVulnerability,
} from '../../core/findings.ts';
import { counted } from '../../text/count.ts';
import { cvePage, isCve } from '../../text/cve.ts';
import type { PageFacts } from './facts.ts';
import { html, type Html, type Part } from './markup.ts';
import { fold, table, type Column } from './table.ts';
import { NONE, arrowed, grouped, sizeOf } from './words.ts';

/** Pairs that are shown; those behind them unfold. */
const MOST_PAIRS = 8;

/** Rows of a table that are shown; those behind them unfold. */
const MOST_ROWS = 15;

/** What is new in each update; nothing for a system whose versions are not archived as files. */
export function changesSection({ changes }: ConsistencyReport, { changed }: PageFacts): Html | undefined {
  if (changes === undefined) return undefined;
  const entries = changes.map((row) =>
    changeEntry(
      row,
      changed.find(({ from, to }) => from === row.from && to === row.to),
    ),
  );
  const rest = entries.slice(MOST_PAIRS);
  return html`<section id="changes" aria-labelledby="changes-title">
    <h2 id="changes-title">Changes</h2>
    ${entries.slice(0, MOST_PAIRS)} ${rest.length === 0 ? '' : fold(counted(rest.length, 'more pair'), rest)}
  </section>`;
}

function changeEntry(row: ChangeRow, found: ChangedPair | undefined): Html {
  const counts = summaryOf(row, found).map((one) => html`<span>${one}</span> `);
  return html`<details class="entry">
    <summary class="change">
      <span class="name">${arrowed(row.from, row.to)}</span>
      <span class="counts">${counts}</span>
    </summary>
    <div class="inside">${found === undefined ? shortTables(row) : longTables(found)}</div>
  </details> `;
}

function summaryOf(row: ChangeRow, found: ChangedPair | undefined): string[] {
  const { layers, packages } = found ?? row;
  const { vulnerabilities, files } = found ?? { vulnerabilities: null, files: [] };
  return [
    counted(layers.length, 'layer'),
    ...(packages === null ? [] : [counted(totalOf(packages), 'package')]),
    ...(vulnerabilities === null ? [] : [vulnerabilityWords(vulnerabilities)]),
    ...(files.length === 0
      ? []
      : [
          counted(
            files.reduce((sum, one) => sum + totalOf(one), 0),
            'file',
          ),
        ]),
  ];
}

type PackageCounts = NonNullable<ChangeRow['packages']> & { relicensed?: number };

type Counts = Record<'added' | 'removed', number> & Partial<Record<'upgraded' | 'relicensed' | 'changed', number>>;

const totalOf = ({ added, removed, upgraded = 0, relicensed = 0, changed = 0 }: Counts): number =>
  added + removed + upgraded + relicensed + changed;

type Vulnerabilities = NonNullable<ChangedPair['vulnerabilities']>;

const vulnerabilityCounts = ({ introduced, fixed, remaining }: Vulnerabilities): string =>
  `${introduced} new, ${fixed} fixed, ${remaining} remain`;

const vulnerabilityWords = ({ fixed, introduced }: Vulnerabilities): string =>
  `${counted(fixed, 'vulnerability', 'vulnerabilities')} fixed, ${introduced} new`;

/** Where only the report is known. */
function shortTables({ from, to, layers, packages }: ChangeRow): Part {
  const of = pairText({ from, to });
  return [
    layerTable(
      layers.map((one) => ({ ...one, link: null, commits: null })),
      of,
    ),
    packages === null ? PACKAGES_UNKNOWN : html`<p class="note">Packages: ${packageWords(packages)}</p>`,
  ];
}

function longTables({ from, to, layers, packages, vulnerabilities, kernel, files, filesUnknown }: ChangedPair): Part {
  const of = pairText({ from, to });
  const isOtherKernel = kernel.from.join() !== kernel.to.join();
  return [
    layerTable(layers, of),
    packages === null
      ? PACKAGES_UNKNOWN
      : listed(`Packages: ${packageWords(packages)}`, of, PACKAGES, packages.rows, totalOf(packages)),
    vulnerabilities === null
      ? ''
      : listed(
          `Vulnerabilities: ${vulnerabilityCounts(vulnerabilities)}`,
          of,
          VULNERABILITIES,
          vulnerabilities.rows,
          vulnerabilities.introduced + vulnerabilities.fixed,
        ),
    isOtherKernel
      ? html`<p class="note">Kernel: ${kernel.from.join(', ') || 'none'} became ${kernel.to.join(', ') || 'none'}</p>`
      : '',
    files.map((one) => {
      const counts = `${one.changed} changed, ${one.added} added, ${one.removed} removed`;
      return listed(`Files of ${one.partition}: ${counts}`, of, FILES, one.rows, totalOf(one));
    }),
    filesUnknown === undefined ? '' : html`<p class="note">Files were not compared: ${filesUnknown}</p>`,
  ];
}

const PACKAGES_UNKNOWN = html`<p class="note">Nothing tells the packages of both versions.</p>`;

const packageWords = ({ upgraded, added, removed, relicensed = 0 }: PackageCounts): string =>
  `${upgraded} in another version, ${added} added, ${removed} removed` +
  (relicensed === 0 ? '' : `, ${relicensed} with another licence`);

const layerTable = (layers: readonly ChangedLayer[], of: string): Html =>
  layers.length === 0
    ? html`<p class="note">Layers: none with other commits</p>`
    : table({ label: `Layers, ${of}`, caption: 'Layers' }, LAYERS, layers);

/** The first rows as a table, the others folded, and how many are not here at all. */
function listed<Row>(
  caption: string,
  of: string,
  columns: ReadonlyArray<Column<Row>>,
  rows: readonly Row[],
  total: number,
): Part {
  if (rows.length === 0) return html`<p class="note">${caption}</p>`;
  const rest = rows.slice(MOST_ROWS);
  const label = `${caption}, ${of}`;
  const left = total - rows.length;
  return [
    table({ label, caption }, columns, rows.slice(0, MOST_ROWS)),
    rest.length === 0 ? '' : fold(`${grouped(rest.length)} more`, table({ label: `More of ${label}` }, columns, rest)),
    left <= 0 ? '' : html`<p class="note">${grouped(left)} more, which <code>release-plan changes</code> lists</p>`,
  ];
}

const LAYERS: ReadonlyArray<Column<ChangedLayer>> = [
  { title: 'Layer', isName: true, cell: ({ layer }) => layer },
  { title: 'From', className: 'commit', cell: ({ from }) => shortCommit(from) },
  { title: 'To', className: 'commit', cell: ({ to }) => shortCommit(to) },
  { title: 'Between', cell: betweenOf },
];

const shortCommit = (commit: string | null): string =>
  commit === null ? NONE : /^[0-9a-f]{40}/.test(commit) ? commit.slice(0, 12) : commit;

function betweenOf({ commits, link }: ChangedLayer): Part {
  const words = commits === null ? 'commits' : counted(commits, 'commit');
  if (link === null || !/^https?:\/\//.test(link)) return commits === null ? NONE : words;
  return html`<a href="${link}">${words}</a>`;
}

const PACKAGES: ReadonlyArray<Column<ChangedPackage>> = [
  { title: 'Package', isName: true, cell: ({ name }) => name },
  { title: 'Change', cell: ({ change }) => PACKAGE_WORDS[change] },
  { title: 'From', cell: ({ from }) => from ?? NONE },
  { title: 'To', cell: ({ to }) => to ?? NONE },
  { title: 'Licence', cell: ({ licence }) => licence ?? NONE },
];

const PACKAGE_WORDS: Record<ChangedPackage['change'], string> = {
  added: 'added',
  removed: 'removed',
  upgraded: 'other version',
  relicensed: 'other licence',
};

const VULNERABILITIES: ReadonlyArray<Column<ChangedVulnerability>> = [
  {
    title: 'Vulnerability',
    isName: true,
    cell: ({ id }) => (isCve(id) ? html`<a href="${cvePage(id)}">${id}</a>` : id),
  },
  {
    title: 'Change',
    tone: ({ change }) => (change === 'fixed' ? 'pass' : 'fail'),
    cell: ({ change }) => (change === 'fixed' ? 'fixed' : 'new'),
  },
  { title: 'Package', cell: (one) => `${one.package} ${one.version}`.trim() },
  { title: 'CVSS', className: 'number', cell: ({ score }) => (score === null ? NONE : score.toFixed(1)) },
  {
    title: 'In the other version',
    cell: ({ status }) => status,
  },
];

const FILES: ReadonlyArray<Column<ChangedFiles['rows'][number]>> = [
  { title: 'File', isName: true, className: 'path', cell: ({ path }) => path },
  { title: 'Change', cell: ({ change, differs }) => (differs.length === 0 ? change : differs.join(', ')) },
  { title: 'From', className: 'number', cell: ({ fromBytes }) => sizeOf(fromBytes ?? undefined) },
  { title: 'To', className: 'number', cell: ({ toBytes }) => sizeOf(toBytes ?? undefined) },
];
