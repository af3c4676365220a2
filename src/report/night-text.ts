import { formatBytes } from '../text/bytes.ts';
import { printable } from '../text/printable.ts';
import type { Night, NightOfStore } from './night.ts';

/** Changes that are listed; the rest are counted, and all are in the JSON. */
const MOST_LISTED = 50;

/** A night for the person who reads the timer's mail: what was read, what changed, what nothing needs. */
export function nightInWords({
  readBytes,
  archivedBytes,
  since,
  changes,
  damaged,
  unreadable = {},
  unneeded,
  emptied,
  store,
}: Night): string {
  const bytes = (unneeded ?? []).reduce((sum, one) => sum + (one.sizeBytes ?? 0), 0);
  return [
    `verified tonight: ${formatBytes(readBytes)} of ${formatBytes(archivedBytes)}\n`,
    ...Object.values(damaged)
      .flat()
      .map((problem) => `DAMAGED ${printable(problem)}\n`),
    ...Object.values(unreadable)
      .flat()
      .map((problem) => `UNREADABLE ${printable(problem)}\n`),
    ...(store === undefined ? [] : storeInWords(store)),
    ...(unneeded === undefined || unneeded.length === 0
      ? []
      : [
          `deltas no longer required: ${unneeded.length}${bytes === 0 ? '' : `, ${formatBytes(bytes)}`}: ${listed(
            unneeded.map((one) => one.pair),
            ', ',
          )}\n`,
        ]),
    ...emptied.map((dir) => `deleted ${printable(dir)}\n`),
    since === undefined
      ? 'first night, so there is nothing to compare with\n'
      : `since ${printable(since)}: ${changes.length === 0 ? 'nothing changed' : `\n  ${listed(changes, '\n  ')}`}\n`,
  ].join('');
}

function storeInWords({ store, readBytes, storedBytes, problems, unreadable }: NightOfStore): string[] {
  return [
    `verified tonight in ${printable(store)}: ${formatBytes(readBytes)} of ${formatBytes(storedBytes)}\n`,
    ...(unreadable === undefined ? [] : [`UNREADABLE ${printable(unreadable)}\n`]),
    ...problems.map(
      ({ subject, name, problem, isRepaired }) =>
        `${isRepaired ? 'REPAIRED' : 'DAMAGED'} ${printable(`${store}/${name} ${problem} (${subject})`)}\n`,
    ),
  ];
}

function listed(lines: readonly string[], separator: string): string {
  const rest = lines.length - MOST_LISTED;
  return [...lines.slice(0, MOST_LISTED).map(printable), ...(rest > 0 ? [`and ${rest} more`] : [])].join(separator);
}
