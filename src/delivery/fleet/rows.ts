/** The rows of the consistency report that the fleet decides. Pure. */
import type { CheckRow } from '../../core/report.ts';
import type { Fleet } from '../../fleet/devices/tally.ts';
import { coverageOf, uncoveredOf, versionCounts, type Coverage } from './coverage.ts';
import type { RequiredDeltas } from './required.ts';

/** What is said of the devices of a plan that names no fleet. */
export const NO_FLEET: CheckRow = {
  check: 'devices',
  subject: 'fleet',
  result: 'not-checked',
  detail: 'the plan names no fleet',
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
  const parts = [`${byDelta} by delta`, `${byFullImage} by ${full}`, `${there} there already`];
  if (newer > 0) parts.push(`${newer} on a newer version`);
  if (notAtAll > 0) parts.push(`${notAtAll} not at all`);
  return `${devices} ${devices === 1 ? 'device' : 'devices'}: ${parts.join(', ')}`;
}

/** A row that cannot be read is a device that nobody knows the needs of. */
export function badRows({
  source,
  bad: {
    count,
    diagnostics: [first],
  },
}: Fleet): CheckRow[] {
  if (count === 0) return [];
  const example = first === undefined ? '' : `, the first in line ${first.where?.line ?? 0}: ${first.message}`;
  return [
    {
      check: 'devices',
      subject: 'fleet',
      result: 'fail',
      detail: `${count} ${count === 1 ? 'row' : 'rows'} of ${source} cannot be read${example}`,
    },
  ];
}
