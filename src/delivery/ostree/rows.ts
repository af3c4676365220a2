import { pairText } from '../../core/pair.ts';
import type { CheckRow, SizeRow } from '../../core/report.ts';
import type { Delivery } from '../delivery.ts';
import { endInWords } from '../fleet/required.ts';
import { asksFleet, devicesOf } from '../fleet/rules.ts';
import { FLEET_NOT_ASKED, NO_FLEET, badRows, deviceRows, fleetRow } from '../fleet/rows.ts';
import type { OstreeSnapshot, RequiredStaticDelta } from './snapshot.ts';
import { problemOf, type DeltaState } from './state.ts';
import { shortPair } from './static-delta.ts';

/** What the report says of an OSTree plan; the same rows as of any other. */
export const rows: Delivery<OstreeSnapshot>['rows'] = (
  { view: { fleet, isUnasked }, required, others, answers, versions },
  _scope,
  failures,
) => {
  return {
    checks: [
      ...[...versions].map(([version, problem]) => versionRow(version, problem)),
      ...required.map((pair) => deltaRow(pair, failures.pairs.get(pair))),
      ...others.map(otherRow),
      ...answers.flatMap(({ answer }) =>
        answer.impossible.map(({ from, to, detail }): CheckRow => ({
          check: 'delta',
          subject: pairText({ from: endInWords(from), to: endInWords(to) }),
          result: 'fail',
          detail,
        })),
      ),
      ...answers.flatMap(({ rule, answer }) =>
        asksFleet(rule) && fleet !== undefined ? deviceRows(devicesOf(rule), answer) : [],
      ),
      ...(fleet === undefined ? [isUnasked === true ? FLEET_NOT_ASKED : NO_FLEET] : badRows(fleet)),
    ],
    sizes: required.flatMap((pair) => sizeRow(pair, fleet !== undefined)),
    fleet: answers.flatMap(({ rule, answer }) =>
      rule.from.kind === 'tag' && fleet !== undefined ? [fleetRow(rule.from.tag, answer)] : [],
    ),
  };
};

const versionRow = (version: string, problem: string | undefined): CheckRow => ({
  check: 'archive',
  subject: version,
  result: problem === undefined ? 'pass' : 'fail',
  detail: problem ?? 'its commit is in the repository',
});

function deltaRow({ from, to, state }: RequiredStaticDelta, failure: string | undefined): CheckRow {
  const problem = problemOf(state);
  const row = { check: 'delta', subject: pairText({ from, to }) } as const;
  if (problem !== undefined) return { ...row, result: 'fail', detail: failure ?? problem };
  const last = state.state === 'proven' && state.isLast === true ? '; its source commit was pruned' : '';
  return {
    ...row,
    result: 'pass',
    detail: `${provenAt(state)}a client with only ${from} applied it, every object was checked${last}`,
  };
}

const otherRow = ({ pair, problem }: OstreeSnapshot['others'][number]): CheckRow => ({
  check: 'delta',
  subject: shortPair(pair),
  result: 'fail',
  detail: `is broken: ${problem}; no rule requires it, and \`verify --repair\` withdraws it`,
});

const provenAt = (state: DeltaState): string => (state.state === 'proven' ? `${state.proof.provenAt}: ` : '');

function sizeRow({ from, to, state, loose, pair }: RequiredStaticDelta, hasFleet: boolean): SizeRow[] {
  if (state.state !== 'proven' || loose === undefined) return [];
  const { sizeBytes, uncompressedBytes } = state.proof;
  return [
    {
      from,
      to,
      fullBytes: loose.bytes,
      deltaBytes: uncompressedBytes,
      compressedBytes: sizeBytes,
      sendBytes: sizeBytes,
      ...(hasFleet ? { devices: pair.devices } : {}),
    },
  ];
}
