import { sumOfWires, type RolloutStanding } from '../../core/rollout.ts';
import { wireText } from '../../text/bytes.ts';
import { html, type Html } from './markup.ts';
import { table, type Column } from './table.ts';
import { grouped, sizeOf, timeOf } from './words.ts';

/** How far each rollout is, and what went over the wire beside what full packages would have been. */
export function rolloutsSection(rollouts: readonly RolloutStanding[]): Html | '' {
  if (rollouts.length === 0) return '';
  const newest = rollouts.toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  const wire = sumOfWires(rollouts);
  return html`<section id="rollouts" aria-labelledby="rollouts-title">
    <h2 id="rollouts-title">Rollouts</h2>
    <p class="note">
      As the server told
      ${timeOf(newest[0]?.at ?? '')}${wire === undefined ? '' : `: ${wireText(wire.bytes, wire.fullBytes)}`}.
    </p>
    ${table({ label: 'Rollouts' }, COLUMNS, newest)}
  </section>`;
}

const packageOf = ({ base, isOfRefused }: RolloutStanding): string =>
  base === undefined ? `full${isOfRefused ? ', for those that refused' : ''}` : `from ${base}`;

const COLUMNS: ReadonlyArray<Column<RolloutStanding>> = [
  { title: 'Version', isName: true, cell: ({ version }) => version },
  { title: 'Tag', cell: ({ tag }) => tag },
  { title: 'Package', cell: packageOf },
  { title: 'State', cell: ({ state }) => state },
  { title: 'Devices', className: 'number', cell: ({ devices }) => grouped(devices) },
  { title: 'Done', className: 'number', cell: ({ finished }) => grouped(finished) },
  { title: 'Failed', className: 'number', cell: ({ failed }) => grouped(failed) },
  { title: 'Left', className: 'number', cell: (one) => grouped(one.devices - one.finished - one.failed) },
  { title: 'Loaded', className: 'number', cell: ({ wire }) => sizeOf(wire?.bytes) },
  { title: 'In full', className: 'number', cell: ({ wire }) => sizeOf(wire?.fullBytes) },
];
