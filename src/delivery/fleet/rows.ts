/** The rows of the consistency report that the fleet decides. Pure. */
import type { CheckRow, FleetGroup, FleetRow, FleetWay } from '../../core/report.ts';
import type { Fleet, Rows } from '../../fleet/devices/tally.ts';
import { coverageOf, runningInWords, uncoveredOf, versionCounts, type Coverage } from './coverage.ts';
import { endInWords, type RequiredDeltas, type Way } from './required.ts';

/** What is said of the devices of a plan that names no fleet. */
export const NO_FLEET: CheckRow = {
  check: 'devices',
  subject: 'fleet',
  result: 'not-checked',
  detail: 'the plan has no fleet',
};

/** What is said of the devices when the fleet's command was left alone. */
export const FLEET_NOT_ASKED: CheckRow = {
  check: 'devices',
  subject: 'fleet',
  result: 'not-checked',
  detail: 'the fleet was not asked: --run-commands runs fleet.command',
};

/** What devices take that no delta serves. */
export interface FullImages {
  /** What it is called. */
  word: string;
  /** What is wrong with that of a version; undefined when it is there and proven. */
  problem(version: string): string | undefined;
}

/**
 * Whether every device on a tag gets to the version, and how: one row for all
 * of them, and one for each version that they run.
 */
export function deviceRows(tag: string, answer: RequiredDeltas, fulls?: FullImages): CheckRow[] {
  const coverage = coverageOf(answer.ways);
  const reasons = uncoveredOf(answer).map(({ devices, detail }) => `${devices}: ${detail}`);
  const subject = `${tag} -> ${answer.to}`;
  const problem = coverage.byFullImage > 0 ? fulls?.problem(answer.to) : undefined;
  return [
    {
      check: 'devices',
      subject,
      result: coverage.notAtAll > 0 || problem !== undefined ? 'fail' : 'pass',
      detail: [coverageInWords(coverage, fulls?.word), ...reasons, ...(problem === undefined ? [] : [problem])].join(
        '; ',
      ),
    },
    ...versionCounts(answer.ways).map(({ running, devices }): CheckRow => ({
      check: 'devices',
      subject,
      result: 'pass',
      detail: `${devices} run ${running}`,
    })),
  ];
}

/** The ways of a fleet in one line. */
export function coverageInWords(
  { devices, there, newer, byDelta, byFullImage, notAtAll }: Coverage,
  full = 'full image',
): string {
  const parts = [`${byDelta} by delta`, `${byFullImage} by ${full}`, `${there} up to date`];
  if (newer > 0) parts.push(`${newer} on a newer version`);
  if (notAtAll > 0) parts.push(`${notAtAll} without an update`);
  return `${devices} ${devices === 1 ? 'device' : 'devices'}: ${parts.join(', ')}`;
}

/** A row that cannot be read is a device that nobody knows the needs of. */
export function badRows({
  source,
  bad: {
    count,
    diagnostics: [first],
  },
  odd,
  repeated,
}: Fleet): CheckRow[] {
  if (count === 0) return [...warningRows(odd), ...warningRows(repeated)];
  const example = first === undefined ? '' : `, the first on line ${first.where?.line ?? 0}: ${first.message}`;
  return [
    {
      check: 'devices',
      subject: 'fleet',
      result: 'fail',
      detail: `${count} ${count === 1 ? 'row' : 'rows'} of ${source} cannot be read${example}`,
    },
    ...warningRows(odd),
    ...warningRows(repeated),
  ];
}

/** What is worth a look, and stops nobody: with file, line and device of the first ones. */
function warningRows({ count, diagnostics }: Rows): CheckRow[] {
  const shown = diagnostics.slice(0, 5).map(({ message, where }) => `${where?.file}:${where?.line}: ${message}`);
  const more = count > shown.length ? [`and ${count - shown.length} more`] : [];
  if (count === 0) return [];
  return [{ check: 'devices', subject: 'fleet', result: 'not-checked', detail: [...shown, ...more].join('; ') }];
}

const WAYS = {
  'there': 'up-to-date',
  'newer': 'newer',
  'delta': 'delta',
  'full-image': 'full',
  'none': 'none',
} as const satisfies Record<Way['kind'], FleetWay>;

/** Names kept of devices that are alike. */
const EXAMPLES = 3;

/** The fleet on a tag as data: what {@link deviceRows} says in words. */
export function fleetRow(tag: string, answer: RequiredDeltas): FleetRow {
  const ways: FleetRow['ways'] = { 'delta': 0, 'full': 0, 'none': 0, 'up-to-date': 0, 'newer': 0 };
  const groups = new Map<string, FleetGroup>();
  for (const { group, way } of answer.ways) {
    const running = runningInWords(group);
    const name = WAYS[way.kind];
    ways[name] += group.devices;
    const from = way.kind === 'delta' ? endInWords(way.pair.from) : undefined;
    const detail = 'detail' in way ? way.detail : undefined;
    const key = JSON.stringify([running, name, from, detail]);
    const known = groups.get(key);
    if (known === undefined)
      groups.set(key, {
        running,
        way: name,
        devices: group.devices,
        examples: group.examples.slice(0, EXAMPLES),
        ...(from === undefined ? {} : { from }),
        ...(detail === undefined ? {} : { detail }),
      });
    else {
      known.devices += group.devices;
      known.examples.push(...group.examples.slice(0, EXAMPLES - known.examples.length));
    }
  }
  return {
    tag,
    to: answer.to,
    devices: coverageOf(answer.ways).devices,
    ways,
    groups: [...groups.values()].sort((a, b) => b.devices - a.devices || compareText(a.running, b.running)),
  };
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
