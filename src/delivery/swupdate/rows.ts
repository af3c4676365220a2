/** The rows of the consistency report of a SWUpdate product. Pure. */
import { manifestOf } from '../../core/archive.ts';
import { PairMap, type ReadonlyPairMap } from '../../core/pair.ts';
import { archiveRows } from '../../report/archive-rows.ts';
import { changeRows } from './change-rows.ts';
import { fullProblem, notOffered } from '../../report/full.ts';
import { checkPlanned } from '../../report/version.ts';
import type { Delivery, Failures } from '../delivery.ts';
import { coverageOf } from '../fleet/coverage.ts';
import { deviceRows, fleetRow, FLEET_NOT_ASKED, NO_FLEET } from '../fleet/rows.ts';
import type { Way } from '../fleet/required.ts';
import type { FleetPair } from '../snapshot.ts';
import { versionsOf } from './fleet-pairs.ts';
import type { DeviceAnswers, SwupdateSnapshot } from './snapshot.ts';

/** See {@link Delivery.rows}. */
export const rows: Delivery<SwupdateSnapshot>['rows'] = (snapshot, scope, failures) => {
  const { archive, pairs, fulls } = snapshot;
  const served = new PairMap(pairs.map((pair) => [pair, pair]));
  const answers = answersOf(snapshot, served);
  const archived = [...archive.fulls].flatMap(([version, entry]) => (entry.state === 'absent' ? [] : [version]));
  const found = archiveRows({
    versions: scope.versions,
    pairs: scope.pairs.map((pair) => {
      const known = served.get(pair) ?? pair;
      // Without a full package that the plan wants, every delta is offered.
      return fulls.includes(pair.to) ? known : { ...known, maxShare: Infinity };
    }),
    fulls: [...new Set([...fulls, ...archived])],
    fullDevices: fullDevices(answers),
    archive,
    failures,
  });
  const planned = snapshot.inputs.plan.versions.flatMap(
    ({ version }) => manifestOf(archive.versions.get(version)) ?? [],
  );
  const others = planned.flatMap((manifest) => checkPlanned(manifest, snapshot.inputs.plan));
  const changes = changeRows(scope.pairs, archive, snapshot.packages);
  const checks = [...found.checks, ...others, ...fleetRows(snapshot, answers, failures)];
  return { ...found, changes, fleet: answers.map(({ tag, answer }) => fleetRow(tag, answer)), checks };
};

/** Why a delta that is there is not offered; undefined when it is. */
function tooLarge({ archive, inputs: { plan } }: SwupdateSnapshot, pair: FleetPair | undefined): string | undefined {
  if (pair === undefined || !plan.swu.full) return undefined;
  const update = manifestOf(archive.updates.get(pair));
  return update === undefined ? undefined : notOffered(update, manifestOf(archive.fulls.get(pair.to)), pair.maxShare);
}

/** What the fleet said; a delta that has turned out too large since it was asked is nobody's way. */
function answersOf(snapshot: SwupdateSnapshot, served: ReadonlyPairMap<FleetPair>): DeviceAnswers['answers'] {
  const { devices } = snapshot;
  if (devices === 'not asked' || devices === undefined) return [];
  const wayOf = (way: Way): Way => {
    const detail = way.kind === 'delta' ? tooLarge(snapshot, served.get(versionsOf(way.pair))) : undefined;
    return detail === undefined ? way : { kind: 'full-image', reason: 'share', detail };
  };
  return devices.answers.map(({ tag, answer }) => ({
    tag,
    answer: { ...answer, ways: answer.ways.map(({ group, way }) => ({ group, way: wayOf(way) })) },
  }));
}

/** A device without a delta has a way only where its full package exists. */
function fleetRows(
  { devices, archive, inputs }: SwupdateSnapshot,
  answers: DeviceAnswers['answers'],
  failures: Failures,
) {
  if (devices === 'not asked') return [FLEET_NOT_ASKED];
  if (devices === undefined) return [NO_FLEET];
  const fullImages = {
    word: 'full package',
    problem: (version: string) =>
      inputs.plan.swu.full
        ? fullProblem(version, archive.fulls.get(version), failures.fulls.get(version))
        : 'no full packages are made: swu.full is false',
  };
  const found = answers.flatMap(({ tag, answer }) => deviceRows(tag, answer, fullImages));
  return devices.bad.length + found.length === 0 ? [NO_FLEET] : [...devices.bad, ...found];
}

/** Devices that take the full package, by version. */
function fullDevices(answers: DeviceAnswers['answers']): Map<string, number> {
  const found = new Map<string, number>();
  for (const { answer } of answers) {
    const { byFullImage } = coverageOf(answer.ways);
    found.set(answer.to, (found.get(answer.to) ?? 0) + byFullImage);
  }
  return found;
}
