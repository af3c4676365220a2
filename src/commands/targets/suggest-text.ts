import type { Limits } from '../../insight/suggest/choose.ts';
import type { Suggested } from '../../jobs/suggest.ts';
import { formatBytes, formatShare } from '../../text/bytes.ts';
import { counted } from '../../text/count.ts';
import { printable } from '../../text/printable.ts';
import { formatColumns } from '../../text/rows.ts';

const BY = {
  signatures: 'from the blocks that signatures show as new',
  distance: 'from the versions between',
} as const satisfies Record<Suggested['calibration']['method'], string>;

/** Chains that are printed; the JSON has all. */
const CHAINS_SHOWN = 10;

/** A suggestion for people. @param top rows of bases */
export function suggestionText(found: Suggested, limits: Limits, top: number): string {
  const { bases, updating, to, tag, fullBytes } = found;
  const full = fullBytes === null ? '' : `; the full package has ${formatBytes(fullBytes)}`;
  const where = tag === null ? 'in the fleet' : `on ${tag}`;
  const head = `${counted(updating, 'device')} ${where} ${updating === 1 ? 'has' : 'have'} to update to ${to}${full}\n`;
  if (bases.length === 0) return `${head}\nNo delta can start from what they run.\n${uncoveredText(found)}`;
  return [head, table(found, top), resultText(found, limits), ruleText(found, limits), notesText(found)]
    .filter((part) => part !== '')
    .join('\n')
    .concat(chainsText(found), uncoveredText(found));
}

function table({ bases, updating }: Suggested, top: number): string {
  const marks = { known: '', estimated: '~', neighbours: '?' };
  const rows = bases
    .slice(0, top)
    .map((one) => [
      one.isChosen ? `* ${one.base}` : `  ${one.base}`,
      String(one.devices),
      formatShare(one.devices, updating),
      one.bytes === null || one.size === null ? '-' : `${marks[one.size]}${formatBytes(one.bytes)}`,
      one.savedBytes === null ? '-' : formatBytes(one.savedBytes),
      one.size === 'known' ? 'made' : one.ms === 0 ? '-' : (one.ms / 60_000).toFixed(1),
    ]);
  const more = bases.length - rows.length;
  const columns = formatColumns([['  base', 'devices', 'share', 'delta', 'saved', 'minutes'], ...rows]);
  return `${columns}${more > 0 ? `  ${more} more\n` : ''}`;
}

function resultText({ bases, choice, updating }: Suggested, { cover }: Limits): string {
  const chosen = bases.filter(({ isChosen }) => isChosen);
  const sum = (of: (one: (typeof bases)[number]) => number): number =>
    chosen.reduce((total, one) => total + of(one), 0);
  const minutes = (sum(({ ms }) => ms) / 60_000).toFixed(1);
  const [saved, stored] = [sum(({ savedBytes }) => savedBytes ?? 0), sum(({ bytes }) => bytes ?? 0)];
  const isSized = chosen.some(({ savedBytes }) => savedBytes !== null);
  const cost = isSized
    ? `: ${formatBytes(saved)} saved, ${formatBytes(stored)} on the server, ${minutes} minutes`
    : '; what that saves is not known';
  const served = `${choice.devices} devices (${formatShare(choice.devices, updating)})`;
  const lines =
    chosen.length === 0
      ? ['* no delta is worth making within these limits']
      : [`* ${counted(chosen.length, 'delta')} for ${served}${cost}`];
  if (choice.aim === 'saved-bytes' && choice.bound > 0)
    lines.push(
      `No choice within these limits saves more than ${formatBytes(choice.bound)}; this one: ${shareOfBest(choice)}.`,
    );
  if (choice.aim === 'devices' && !choice.isEnough)
    lines.push(
      `${formatShare(cover ?? 0, 1)} is out of reach: no choice within these limits serves more than ` +
        `${formatShare(Math.floor(choice.bound), updating)}.`,
    );
  return `${lines.join('\n')}\n`;
}

const shareOfBest = ({ value, bound }: Suggested['choice']): string =>
  value >= bound ? 'the best there is' : `at least ${formatShare(value, bound)} of the best`;

/** What goes into the plan: the share where that is what was asked for, else the versions. */
function ruleText({ to, tag, bases }: Suggested, { cover, max, bytes, ms }: Limits): string {
  const chosen = bases.filter(({ isChosen }) => isChosen).map(({ base }) => JSON.stringify(base));
  const from =
    cover !== undefined && bytes === undefined && ms === undefined
      ? [
          ...(tag === null ? [] : [`tag: ${tag}`]),
          `cover: "${Number((100 * cover).toFixed(3))}%"`,
          ...(max === undefined ? [] : [`max: ${max}`]),
        ]
      : undefined;
  if (from === undefined && chosen.length === 0) return '';
  const source = from === undefined ? `[${chosen.join(', ')}]` : `{ ${from.join(', ')} }`;
  return `In the plan:\n  - { to: ${JSON.stringify(to)}, from: ${source} }\n`;
}

/** How far the figures can be trusted. */
function notesText({ bases, calibration, rate }: Suggested): string {
  const { deltas, error, method } = calibration;
  const lines: string[] = [];
  if (bases.some(({ size }) => size === 'estimated'))
    lines.push(
      deltas === 0
        ? '~ at most, by the blocks that signatures show as new; no delta is there to measure by'
        : `~ estimated ${BY[method]} and ${counted(deltas, 'delta')} that ${deltas === 1 ? 'exists' : 'exist'}` +
            (error === null ? '' : `; nine of ten of those are within ${formatShare(error, 1)}`),
    );
  if (bases.some(({ size }) => size === 'neighbours'))
    lines.push('? unknown; taken to be as large as the nearest base');
  if (bases.some(({ ms }) => ms > 0))
    lines.push(
      `minutes: ${(rate.bytesPerSecond / 1e6).toFixed(0)} MB of base and target per second, ` +
        (rate.deltas === 0 ? 'assumed' : `measured on ${counted(rate.deltas, 'delta')} of the archive`),
    );
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function chainsText({ chains }: Suggested): string {
  if (chains.length === 0) return '';
  const lines = chains
    .slice(0, CHAINS_SHOWN)
    .map(
      ({ over, devices, bytes, insteadBytes }) =>
        `  ${over.map(printable).join(' -> ')}: ${formatBytes(bytes)} in ${over.length - 1} steps instead of ` +
        `${formatBytes(insteadBytes)}, ${counted(devices, 'device')}\n`,
    );
  const more = chains.length - lines.length;
  return `\nCheaper over several deltas:\n${lines.join('')}${more > 0 ? `  ${more} more\n` : ''}`;
}

function uncoveredText({ uncovered }: Suggested): string {
  if (uncovered.length === 0) return '';
  const lines = uncovered.slice(0, 5).map(({ devices, detail }) => `  ${devices}: ${printable(detail)}\n`);
  return `\nNo delta can serve:\n${lines.join('')}`;
}
