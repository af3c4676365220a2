/** How a plan's rollouts stand, and what went over the wire: kept beside the archive, for those who ask no server. */
import { readFile } from 'node:fs/promises';
import { ReleasePlanError } from '../../core/errors.ts';
import type { RolloutStanding, Wire } from '../../core/rollout.ts';
import { writeFileAtomic } from '../../io/atomic.ts';
import { ifPresent } from '../../io/present.ts';
import { openSealedJson, sealJson } from '../../text/json.ts';
import { baseOfSeries, type SeriesOwner } from '../package.ts';
import type { PublishedPackage } from '../record.ts';
import type { RolloutStatus } from './progress.ts';
import { rolloutName } from './server-rollouts.ts';

interface StandingFile {
  schema: 1;
  rollouts: RolloutStanding[];
}

/**
 * What is known of a rollout.
 *
 * @param published what is recorded of the product's packages
 */
export function standingOf(
  { name, state, devices, finished, failed }: Omit<RolloutStatus, 'id' | 'groups'>,
  of: { destination: string; owner: SeriesOwner; published: readonly PublishedPackage[]; at: string },
): RolloutStanding {
  const { series, version, tag, isOfRefused } = rolloutName(name);
  const base = baseOfSeries(series, of.owner);
  const there = of.published.filter((one) => one.destination === of.destination && one.version === version);
  const sizeOf = (from: string | undefined): number | undefined => there.find((one) => one.base === from)?.sizeBytes;
  const wire = wireOf({ finished, failed }, sizeOf(base), sizeOf(undefined));
  return {
    destination: of.destination,
    name,
    version,
    tag,
    ...(base === undefined ? {} : { base }),
    isOfRefused,
    state,
    devices,
    finished,
    failed,
    ...(wire === undefined ? {} : { wire }),
    at: of.at,
  };
}

function wireOf(
  { finished, failed }: { finished: number; failed: number },
  packageBytes: number | undefined,
  fullBytes: number | undefined,
): Wire | undefined {
  if (packageBytes === undefined) return undefined;
  // A device that refuses has loaded its package, and loads another in a rollout that counts for itself.
  const bytes = (finished + failed) * packageBytes;
  return fullBytes === undefined ? { bytes } : { bytes, fullBytes: finished * fullBytes };
}

/**
 * What was told of a product's rollouts last.
 *
 * @throws ReleasePlanError `index-invalid` when the record was altered
 */
export async function readStandings(path: string): Promise<RolloutStanding[]> {
  const text = await ifPresent(readFile(path, 'utf8'));
  if (text === undefined) return [];
  const opened = openSealedJson(text);
  if ('problem' in opened)
    throw new ReleasePlanError('index-invalid', `${path} ${opened.problem}`, {
      hint: 'Move it away: the next `publish` or `apply` asks the server again.',
    });
  return (opened.value as unknown as StandingFile).rollouts;
}

/** Keeps what was told now, and of the other rollouts what was told before; written atomically. */
export async function keepStandings(path: string, told: readonly RolloutStanding[]): Promise<void> {
  if (told.length === 0) return;
  const isTold = (one: RolloutStanding): boolean =>
    told.some(({ destination, name }) => destination === one.destination && name === one.name);
  const others = (await readStandings(path)).filter((one) => !isTold(one));
  await writeFileAtomic(path, sealJson({ schema: 1, rollouts: [...others, ...told] } satisfies StandingFile));
}
