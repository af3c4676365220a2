import type { ConsistencyReport } from '../../core/report.ts';
import type { RunRecord } from '../../core/run-record.ts';
import { counted } from '../../text/count.ts';
import { formatShare } from '../../text/bytes.ts';
import { formatDuration } from '../../text/duration.ts';
import { html, type Html, type Part } from './markup.ts';
import { grouped, medianOf, savedOf, sizeOf, timeOf } from './words.ts';

/** The figures that people ask for first. */
export function tiles(
  { sizes, fleet = [], transfer }: ConsistencyReport,
  runs: readonly RunRecord[],
): Html | undefined {
  const last = runs.at(-1);
  const all = [
    ...(fleet.length === 0 ? [] : [fleetTile(fleet)]),
    ...(transfer === undefined || transfer.fullBytes === 0
      ? []
      : [
          tile('To download, all devices', sizeOf(transfer.sendBytes), [
            sizeOf(transfer.fullBytes),
            ` without deltas, ${savedOf(transfer.sendBytes, transfer.fullBytes)} saved`,
          ]),
        ]),
    ...(sizes.length === 0 ? [] : [updateTile(sizes)]),
    ...(last === undefined
      ? []
      : [
          tile('Last run', formatDuration(last.durationMs), [
            last.exitCode === 0 ? 'ended well, ' : `ended with exit code ${last.exitCode}, `,
            timeOf(last.startedAt),
          ]),
        ]),
  ];
  return all.length === 0 ? undefined : html`<dl class="tiles">${all}</dl>`;
}

function fleetTile(fleet: NonNullable<ConsistencyReport['fleet']>): Html {
  const sum = (count: (one: (typeof fleet)[number]) => number): number =>
    fleet.reduce((total, one) => total + count(one), 0);
  const due = sum(({ ways }) => ways.delta + ways.full + ways.none);
  const byDelta = sum(({ ways }) => ways.delta);
  return tile('Served by a delta', due === 0 ? 'none due' : formatShare(byDelta, due), [
    due === 0
      ? `${counted(
          sum((one) => one.devices),
          'device',
        )} up to date`
      : `${grouped(byDelta)} of ${grouped(due)} devices to update`,
  ]);
}

function updateTile(sizes: ConsistencyReport['sizes']): Html {
  const median = medianOf(sizes.map((one) => one.sendBytes));
  const full = medianOf(sizes.map((one) => one.fullBytes));
  return tile(sizes.length === 1 ? 'Update' : 'Median update', sizeOf(median), [
    `${formatShare(median, full)} of the full download`,
  ]);
}

const tile = (label: string, value: Part, note: Part): Html =>
  html`<div class="tile">
    <dt>${label}</dt>
    <dd class="value">${value}</dd>
    <dd class="note">${note}</dd>
  </div>`;
