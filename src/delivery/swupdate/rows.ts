/** The rows of the consistency report of a SWUpdate product. Pure. */
import { manifestOf } from '../../core/archive.ts';
import { PairMap } from '../../core/pair.ts';
import { archiveRows } from '../../report/archive-rows.ts';
import { changeRows } from './change-rows.ts';
import { fullProblem } from '../../report/full.ts';
import { checkPlanned } from '../../report/version.ts';
import type { Delivery, Failures } from '../delivery.ts';
import { coverageOf } from '../fleet/coverage.ts';
import { deviceRows, FLEET_NOT_ASKED, NO_FLEET } from '../fleet/rows.ts';
import type { SwupdateSnapshot } from './snapshot.ts';

/** See {@link Delivery.rows}. */
export const rows: Delivery<SwupdateSnapshot>['rows'] = (snapshot, scope, failures) => {
  const { archive, pairs, fulls } = snapshot;
  const served = new PairMap(pairs.map((pair) => [pair, pair]));
  const archived = [...archive.fulls].flatMap(([version, entry]) => (entry.state === 'absent' ? [] : [version]));
  const found = archiveRows({
    versions: scope.versions,
    pairs: scope.pairs.map((pair) => {
      const known = served.get(pair) ?? pair;
      // Without a full package that the plan wants, every delta is offered.
      return fulls.includes(pair.to) ? known : { ...known, maxShare: Infinity };
    }),
    fulls: [...new Set([...fulls, ...archived])],
    fullDevices: fullDevices(snapshot),
    archive,
    failures,
  });
  const planned = snapshot.inputs.plan.versions.flatMap(
    ({ version }) => manifestOf(archive.versions.get(version)) ?? [],
  );
  const others = planned.flatMap((manifest) => checkPlanned(manifest, snapshot.inputs.plan));
  const changes = changeRows(scope.pairs, archive, snapshot.packages);
  return { ...found, changes, checks: [...found.checks, ...others, ...fleetRows(snapshot, failures)] };
};

/** A device without a delta has a way only where its full package exists. */
function fleetRows({ devices, archive, inputs }: SwupdateSnapshot, failures: Failures) {
  if (devices === 'not asked') return [FLEET_NOT_ASKED];
  if (devices === undefined) return [NO_FLEET];
  const fullImages = {
    word: 'full package',
    problem: (version: string) =>
      inputs.plan.swu.full
        ? fullProblem(version, archive.fulls.get(version), failures.fulls.get(version))
        : 'no full packages are made: swu.full is false',
  };
  const found = devices.answers.flatMap(({ tag, answer }) => deviceRows(tag, answer, fullImages));
  return devices.bad.length + found.length === 0 ? [NO_FLEET] : [...devices.bad, ...found];
}

/** Devices that take the full package, by version. */
function fullDevices({ devices }: SwupdateSnapshot): Map<string, number> {
  const found = new Map<string, number>();
  for (const { answer } of devices === 'not asked' ? [] : (devices?.answers ?? [])) {
    const { byFullImage } = coverageOf(answer.ways);
    found.set(answer.to, (found.get(answer.to) ?? 0) + byFullImage);
  }
  return found;
}
