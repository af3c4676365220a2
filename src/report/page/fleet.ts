import type { CheckRow, ConsistencyReport, FleetGroup, FleetRow, FleetWay } from '../../core/report.ts';
import { counted } from '../../text/count.ts';
import { bar } from './bar.ts';
import { html, type Html } from './markup.ts';
import { fold, table, type Column } from './table.ts';
import { arrowed, devicesOf, grouped, sizeOf } from './words.ts';

/** Groups that are shown; those behind them unfold. */
const MOST_GROUPS = 8;

const WAYS: ReadonlyArray<[way: FleetWay, label: string]> = [
  ['delta', 'by delta'],
  ['full', 'full download'],
  ['none', 'no update'],
  ['up-to-date', 'up to date'],
  ['newer', 'newer, stay'],
];

const LABELS = Object.fromEntries(WAYS) as Record<FleetWay, string>;

/** Who gets to a version, and how: a bar for each tag, a row for each group of devices. */
export function fleetSection({ fleet = [], checks }: ConsistencyReport): Html {
  return html`<section id="fleet" aria-labelledby="fleet-title">
    <h2 id="fleet-title">Devices</h2>
    ${fleet.length === 0 ? html`<p class="empty">${reasonForNone(checks)}</p>` : fleet.map(tagBlock)}
  </section>`;
}

const reasonForNone = (checks: readonly CheckRow[]): string =>
  `Nothing is known of devices: ${
    checks.find(({ check, subject, result }) => check === 'devices' && subject === 'fleet' && result !== 'pass')
      ?.detail ?? 'no rule of the plan asks the fleet'
  }.`;

function tagBlock({ tag, to, devices, ways, groups }: FleetRow): Html {
  const legend = WAYS.filter(([way]) => ways[way] > 0).map(
    ([way, label]) =>
      html`<li><span class="key ${way}" aria-hidden="true"></span><strong>${grouped(ways[way])}</strong> ${label}</li>`,
  );
  const rest = groups.slice(MOST_GROUPS);
  const most = Math.max(...groups.map((one) => one.devices), 1);
  const restDevices = rest.reduce((sum, one) => sum + one.devices, 0);
  return html`<div class="tag">
    <h3>
      ${arrowed(tag, to)}
      <span class="quiet">${devicesOf(devices)}</span>
    </h3>
    ${bar(
      WAYS.map(([way]) => ({ tone: way, value: ways[way] })),
      devices,
    )}
    <ul class="legend">
      ${legend}
    </ul>
    ${groupTable(groups.slice(0, MOST_GROUPS), most, `Devices on ${tag} by what they run`)}
    ${
      rest.length === 0
        ? ''
        : fold(
            `${counted(rest.length, 'more group')}, ${devicesOf(restDevices)}`,
            groupTable(rest, most, `More devices on ${tag} by what they run`),
          )
    }
  </div>`;
}

function groupTable(groups: readonly FleetGroup[], most: number, label: string): Html {
  if (groups.length === 0) return html`<p class="empty">No device follows this tag.</p>`;
  const columns: Array<Column<FleetGroup>> = [
    { title: 'Runs', isName: true, cell: ({ running }) => running },
    { className: 'graph', cell: ({ way, devices }) => bar([{ tone: way, value: devices }], most) },
    { title: 'Devices', className: 'number', cell: ({ devices }) => grouped(devices) },
    { title: 'Gets', cell: wayOf },
    { title: 'Each', className: 'number', cell: ({ sendBytes }) => sizeOf(sendBytes) },
    {
      title: 'In all',
      className: 'number sum',
      cell: ({ sendBytes, devices }) => sizeOf(sendBytes === undefined ? undefined : sendBytes * devices),
    },
  ];
  return table({ label, className: 'groups' }, columns, groups);
}

const wayOf = ({ way, detail, examples }: FleetGroup): Html =>
  html`<span class="key ${way}" aria-hidden="true"></span>${LABELS[way]}${
      detail === undefined ? '' : html`<span class="detail">${detail}${exampleNames(examples)}</span>`
    }`;

const exampleNames = (names: readonly string[]): string => (names.length === 0 ? '' : ` (${names.join(', ')})`);
