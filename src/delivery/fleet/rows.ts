/** The rows of the consistency report that the fleet decides. Pure. */
import { problemOf, type DeltaState } from '../ostree/index.ts';
import { coverageOf, uncoveredOf, versionCounts, type Coverage } from './coverage.ts';
import type { Fleet } from '../../fleet/devices/tally.ts';
import { endInWords, type RequiredDeltas } from './required.ts';
import { pairKey } from '../../core/archive.ts';
import type { CheckRow, SizeRow } from '../../report/consistency.ts';
import type { OstreePair, OstreeSituation } from '../ostree/survey.ts';

/** What the report says of an OSTree plan; the same rows as of any other. */
export function ostreeRows(
  situation: OstreeSituation,
  failures: ReadonlyMap<string, string>,
): { checks: CheckRow[]; sizes: SizeRow[] } {
  const { fleet, pairs, answers, versions } = situation;
  return {
    checks: [
      ...[...versions].map(([version, problem]) => versionRow(version, problem)),
      ...pairs.map((pair) => deltaRow(pair, failures.get(pairKey(pair.from, pair.to)))),
      ...answers.flatMap(({ answer }) =>
        answer.impossible.map(({ from, to, detail }): CheckRow => ({
          check: 'delta',
          subject: pairKey(endInWords(from), endInWords(to)),
          result: 'fail',
          detail,
        })),
      ),
      ...answers.flatMap(({ rule, answer }) =>
        rule.from.kind === 'tag' && fleet.fleet !== undefined ? deviceRows(rule.from.tag, answer) : [],
      ),
      ...(fleet.fleet === undefined
        ? [{ check: 'devices', subject: 'fleet', result: 'not-checked', detail: 'the plan has no fleet' } as const]
        : badRows(fleet.fleet)),
    ],
    sizes: pairs.flatMap((pair) => sizeRow(pair, fleet.fleet !== undefined)),
  };
}

/**
 * Whether every device on a tag gets to the version, and how: one row for all
 * of them, and one for each version that they run.
 */
export function deviceRows(tag: string, answer: RequiredDeltas): CheckRow[] {
  const coverage = coverageOf(answer.ways);
  const reasons = uncoveredOf(answer).map(({ devices, detail }) => `${devices}: ${detail}`);
  const subject = `${tag} -> ${answer.to}`;
  return [
    {
      check: 'devices',
      subject,
      result: coverage.notAtAll > 0 ? 'fail' : 'pass',
      detail: [coverageInWords(coverage), ...reasons].join('; '),
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
export function coverageInWords({ devices, there, newer, byDelta, byFullImage, notAtAll }: Coverage): string {
  const parts = [`${byDelta} by delta`, `${byFullImage} by full image`, `${there} up to date`];
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
}: Fleet): CheckRow[] {
  if (count === 0) return [];
  const example = first === undefined ? '' : `, the first on line ${first.where?.line ?? 0}: ${first.message}`;
  return [
    {
      check: 'devices',
      subject: 'fleet',
      result: 'fail',
      detail: `${count} ${count === 1 ? 'row' : 'rows'} of ${source} cannot be read${example}`,
    },
  ];
}

const versionRow = (version: string, problem: string | undefined): CheckRow => ({
  check: 'archive',
  subject: version,
  result: problem === undefined ? 'pass' : 'fail',
  detail: problem ?? 'its commit is in the repository',
});

function deltaRow({ from, to, state }: OstreePair, failure: string | undefined): CheckRow {
  const problem = problemOf(state);
  const row = { check: 'delta', subject: pairKey(from, to) } as const;
  if (problem !== undefined) return { ...row, result: 'fail', detail: failure ?? problem };
  return { ...row, result: 'pass', detail: `${provenAt(state)}a client with only ${from} applied it, fsck passed` };
}

const provenAt = (state: DeltaState): string => (state.state === 'proven' ? `${state.proof.provenAt}: ` : '');

function sizeRow({ from, to, state, loose, required }: OstreePair, hasFleet: boolean): SizeRow[] {
  if (state.state !== 'proven') return [];
  const { sizeBytes, uncompressedBytes } = state.proof;
  return [
    {
      from,
      to,
      fullBytes: loose.bytes,
      deltaBytes: uncompressedBytes,
      compressedBytes: sizeBytes,
      sendBytes: sizeBytes,
      ...(hasFleet ? { devices: required.devices } : {}),
    },
  ];
}
