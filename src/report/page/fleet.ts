import type { CheckRow, ConsistencyReport, FleetGroup, FleetRow, FleetWay } from '../../core/report.ts';
import { counted } from '../../text/count.ts';
import { bar } from './bar.ts';
import { html, type Html } from './markup.ts';
import { devicesOf, grouped, sizeOf } from './words.ts';

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
      ${tag} <span class="arrow" aria-hidden="true">&rarr;</span><span class="sr"> to </span>${to}
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
        : html`<details class="more">
            <summary>${counted(rest.length, 'more group')}, ${devicesOf(restDevices)}</summary>
            ${groupTable(rest, most, `More devices on ${tag} by what they run`)}
          </details>`
    }
  </div>`;
}

function groupTable(groups: readonly FleetGroup[], most: number, caption: string): Html {
  if (groups.length === 0) return html`<p class="empty">No device follows this tag.</p>`;
  const rows = groups.map(
    ({ running, way, devices, sendBytes, detail, examples }) =>
      html`<tr>
        <th scope="row">${running}</th>
        <td class="graph">${bar([{ tone: way, value: devices }], most)}</td>
        <td class="number">${grouped(devices)}</td>
        <td>
          <span class="key ${way}" aria-hidden="true"></span>${LABELS[way]}${
            detail === undefined ? '' : html`<span class="detail">${detail}${exampleNames(examples)}</span>`
          }
        </td>
        <td class="number">${sizeOf(sendBytes)}</td>
        <td class="number sum">${sizeOf(sendBytes === undefined ? undefined : sendBytes * devices)}</td>
      </tr> `,
  );
  return html`<div class="scroll" role="group" aria-label="${caption}">
    <table class="groups">
      <caption class="sr">
        ${caption}
      </caption>
      <thead>
        <tr>
          <th scope="col">Runs</th>
          <td class="graph"></td>
          <th scope="col" class="number">Devices</th>
          <th scope="col">Gets</th>
          <th scope="col" class="number">Each</th>
          <th scope="col" class="number sum">In all</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

const exampleNames = (names: readonly string[]): string => (names.length === 0 ? '' : ` (${names.join(', ')})`);
