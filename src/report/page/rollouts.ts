import { sumOfWires, type RolloutStanding } from '../../core/rollout.ts';
import { wireText } from '../../text/bytes.ts';
import { html, type Html } from './markup.ts';
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
    <div class="scroll" role="group" aria-label="Rollouts">
      <table>
        <caption class="sr">
          Rollouts
        </caption>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Tag</th>
            <th scope="col">Package</th>
            <th scope="col">State</th>
            <th scope="col" class="number">Devices</th>
            <th scope="col" class="number">Done</th>
            <th scope="col" class="number">Failed</th>
            <th scope="col" class="number">Left</th>
            <th scope="col" class="number">Loaded</th>
            <th scope="col" class="number">In full</th>
          </tr>
        </thead>
        <tbody>
          ${newest.map((one) => row(one))}
        </tbody>
      </table>
    </div>
  </section>`;
}

const packageOf = ({ base, isOfRefused }: RolloutStanding): string =>
  base === undefined ? `full${isOfRefused ? ', for those that refused' : ''}` : `from ${base}`;

const row = (one: RolloutStanding): Html =>
  html`<tr>
    <th scope="row">${one.version}</th>
    <td>${one.tag}</td>
    <td>${packageOf(one)}</td>
    <td>${one.state}</td>
    <td class="number">${grouped(one.devices)}</td>
    <td class="number">${grouped(one.finished)}</td>
    <td class="number">${grouped(one.failed)}</td>
    <td class="number">${grouped(one.devices - one.finished - one.failed)}</td>
    <td class="number">${sizeOf(one.wire?.bytes)}</td>
    <td class="number">${sizeOf(one.wire?.fullBytes)}</td>
  </tr> `;
