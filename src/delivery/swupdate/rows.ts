/** The rows of the consistency report of a SWUpdate product. Pure. */
import { PairMap } from '../../core/pair.ts';
import { archiveRows } from '../../report/archive-rows.ts';
import { fullProblem } from '../../report/full.ts';
import type { Delivery, Failures } from '../delivery.ts';
import { coverageOf } from '../fleet/coverage.ts';
import { deviceRows, NO_FLEET } from '../fleet/rows.ts';
import type { SwupdateSnapshot } from './snapshot.ts';

/** See {@link Delivery.rows}. */
export const rows: Delivery<SwupdateSnapshot>['rows'] = (snapshot, scope, failures) => {
  const { archive, pairs, fulls } = snapshot;
  const served = new PairMap(pairs.map((pair) => [pair, pair]));
  const archived = [...archive.fulls].flatMap(([version, entry]) => (entry.state === 'absent' ? [] : [version]));
  const found = archiveRows({
    versions: scope.versions,
    pairs: scope.pairs.map((pair) => served.get(pair) ?? pair),
    fulls: [...new Set([...fulls, ...archived])],
    fullDevices: fullDevices(snapshot),
    archive,
    failures,
  });
  return { ...found, checks: [...found.checks, ...fleetRows(snapshot, failures)] };
};

/** A device without a delta has a way only where its full package exists. */
function fleetRows({ devices, archive, inputs }: SwupdateSnapshot, failures: Failures) {
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
  for (const { answer } of devices?.answers ?? []) {
    const { byFullImage } = coverageOf(answer.ways);
    found.set(answer.to, (found.get(answer.to) ?? 0) + byFullImage);
  }
  return found;
}
