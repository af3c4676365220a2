import { pairText } from '../../core/pair.ts';
import type { ConsistencyReport, FullRow, PartitionRow, SizeRow } from '../../core/report.ts';
import type { ExplainedDelta } from '../../core/findings.ts';
import { formatShare } from '../../text/bytes.ts';
import { counted } from '../../text/count.ts';
import { bar } from './bar.ts';
import { fullSubject, type PageFacts, type PageLink } from './facts.ts';
import { html, type Html } from './markup.ts';
import { fold, table, type Column } from './table.ts';
import { NONE, arrowed, grouped, savedOf, sizeOf } from './words.ts';

/** Updates that are shown; those behind them unfold. */
const MOST_UPDATES = 15;

const NOT_OFFERED = html`<p class="note">The delta is too large to be worth it: devices take the full package.</p>`;

/** What a device downloads, by update; unfolded, where the bytes are. */
export function updatesSection(report: ConsistencyReport, facts: PageFacts): Html {
  const { sizes, fulls = [] } = report;
  const widest = Math.max(...sizes.map((one) => one.fullBytes), ...fulls.map((one) => one.sendBytes), 1);
  const rows = sizes.map((one) => updateRow(one, widest, facts));
  const rest = rows.slice(MOST_UPDATES);
  return html`<section id="updates" aria-labelledby="updates-title">
    <h2 id="updates-title">Updates</h2>
    ${
      rows.length + fulls.length === 0
        ? html`<p class="empty">No updates in the archive.</p>`
        : html`<div class="update head" aria-hidden="true">
              <span>Update</span><span></span><span class="number">Download</span><span class="number">Saved</span
              ><span class="number">Devices</span>
            </div>
            ${rows.slice(0, MOST_UPDATES)} ${rest.length === 0 ? '' : fold(counted(rest.length, 'more update'), rest)}
            ${fulls.map((one) => fullRow(one, widest, facts))}`
    }
  </section>`;
}

function updateRow(one: SizeRow, widest: number, { explained, links }: PageFacts): Html {
  const { from, to, fullBytes, deltaBytes, compressedBytes, sendBytes, devices, isNotOffered, partitions = [] } = one;
  const why = explained.filter((delta) => delta.from === from && delta.to === to);
  return html`<details class="entry">
    <summary class="update">
      <span class="name"
        >${arrowed(from, to)}${isNotOffered === true ? html` <span class="chip full">not offered</span>` : ''}</span
      >
      ${sizeBar(isNotOffered === true ? 'full' : 'delta', sendBytes, fullBytes, widest)}
      ${figures(sendBytes, savedOf(sendBytes, fullBytes), devices)}
    </summary>
    <div class="inside">
      <dl class="facts">
        <div>
          <dt>Without a delta</dt>
          <dd>${sizeOf(fullBytes)}</dd>
        </div>
        <div>
          <dt>Delta</dt>
          <dd>${sizeOf(deltaBytes)}</dd>
        </div>
        <div>
          <dt>Compressed</dt>
          <dd>${sizeOf(compressedBytes)}</dd>
        </div>
        <div>
          <dt>Download</dt>
          <dd>${sizeOf(sendBytes)}</dd>
        </div>
      </dl>
      ${isNotOffered === true ? NOT_OFFERED : ''}
      ${partitions.length === 0 ? '' : partitionTable(partitions, pairText({ from, to }))}
      ${why.map((delta) => fileTable(delta))} ${linkList(links.get(pairText({ from, to })))}
    </div>
  </details> `;
}

function fullRow({ version, sendBytes, devices }: FullRow, widest: number, { links }: PageFacts): Html {
  return html`<details class="entry">
    <summary class="update">
      <span class="name">${version} <span class="chip">full package</span></span>
      ${sizeBar('full', sendBytes, sendBytes, widest)} ${figures(sendBytes, NONE, devices)}
    </summary>
    <div class="inside">
      ${linkList(links.get(fullSubject(version))) ?? html`<p class="note">For devices that no delta serves.</p>`}
    </div>
  </details> `;
}

/** Each figure with its name for who does not see the head of the columns. */
const figures = (sendBytes: number, saved: string, devices: number | undefined): Html =>
  html`<span class="number"><span class="sr">, download </span>${sizeOf(sendBytes)}</span>
    <span class="number saved${saved === NONE ? ' none' : ''}"><span class="sr">, saved </span>${saved}</span>
    <span class="number"><span class="sr">, devices </span>${devices === undefined ? NONE : grouped(devices)}</span>`;

/** What is sent, within what would be without a delta. */
const sizeBar = (tone: string, sendBytes: number, fullBytes: number, widest: number): Html =>
  bar(
    [
      { tone, value: sendBytes },
      { tone: 'ghost', value: Math.max(0, fullBytes - sendBytes) },
    ],
    widest,
  );

const TRAVELS: Record<PartitionRow['travels'], string> = {
  delta: 'delta',
  image: 'whole image',
  unchanged: 'unchanged, left out',
  never: 'never updated',
};

function partitionTable(partitions: readonly PartitionRow[], of: string): Html {
  const widest = Math.max(...partitions.map((one) => one.imageBytes), 1);
  const columns: Array<Column<PartitionRow>> = [
    { title: 'Partition', isName: true, cell: ({ name }) => name },
    { title: 'Travels as', cell: ({ travels }) => TRAVELS[travels] },
    {
      className: 'graph',
      cell: ({ travels, imageBytes, deltaBytes }) =>
        travels === 'image'
          ? sizeBar('full', imageBytes, imageBytes, widest)
          : sizeBar('delta', deltaBytes ?? 0, imageBytes, widest),
    },
    { title: 'Delta, compressed', className: 'number', cell: ({ deltaBytes }) => sizeOf(deltaBytes) },
    { title: 'Image', className: 'number', cell: ({ imageBytes }) => sizeOf(imageBytes) },
    {
      title: 'Share',
      className: 'number',
      cell: ({ deltaBytes, imageBytes }) => (deltaBytes === undefined ? NONE : formatShare(deltaBytes, imageBytes)),
    },
  ];
  return table({ label: `Partitions of ${of}`, caption: 'By partition' }, columns, partitions);
}

/** A file of the target, or what a delta has bytes for besides. */
interface BlamedRow {
  name: string;
  isFile: boolean;
  bytes: number;
  cause: string;
  owner: string;
}

function fileTable({ partition, from, to, totalBytes, files, ...sums }: ExplainedDelta): Html {
  const most = Math.max(...files.map((one) => one.bytes), 1);
  const others: Array<[string, number]> = [
    ['other files', sums.otherFilesBytes],
    ['metadata of the file system', sums.metadataBytes],
    ['commands of the delta', sums.commandBytes],
  ];
  const rows: BlamedRow[] = [
    ...files.map(({ path, bytes, cause, package: owner }) => ({
      name: path,
      isFile: true,
      bytes,
      cause,
      owner: owner ?? NONE,
    })),
    ...others
      .filter(([, bytes]) => bytes > 0)
      .map(([name, bytes]) => ({ name, isFile: false, bytes, cause: NONE, owner: NONE })),
  ];
  const columns: Array<Column<BlamedRow>> = [
    { title: 'File', isName: true, tone: ({ isFile }) => (isFile ? 'path' : 'quiet'), cell: ({ name }) => name },
    { className: 'graph', cell: ({ bytes }) => bar([{ tone: 'delta', value: bytes }], Math.max(most, bytes)) },
    { title: 'Bytes', className: 'number', cell: ({ bytes }) => sizeOf(bytes) },
    { title: 'Share', className: 'number', cell: ({ bytes }) => formatShare(bytes, totalBytes) },
    { title: 'Why', cell: ({ cause }) => cause },
    { title: 'Package', cell: ({ owner }) => owner },
  ];
  const name = {
    label: `Files that make the delta of ${partition} from ${from} to ${to}`,
    caption: `What the delta of ${partition} is made of`,
    className: 'files',
  };
  return table(name, columns, rows);
}

/** Links as a list; undefined without any. */
export const linkList = (links: readonly PageLink[] | undefined): Html | undefined =>
  links === undefined || links.length === 0
    ? undefined
    : html`<ul class="links">
        ${links.map(({ label, href }) => html`<li><a href="${href}">${label}</a></li>`)}
      </ul>`;
