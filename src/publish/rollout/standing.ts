/** How a plan's rollouts stand, and what went over the wire: kept beside the archive, for those who ask no server. */
import type { RolloutStanding, Wire } from '../../core/rollout.ts';
import { writeFileAtomic } from '../../io/atomic.ts';
import { sealJson } from '../../text/json.ts';
import { baseOfSeries, type SeriesOwner } from '../package.ts';
import { readDestinationRecord } from '../sealed-record.ts';
import type { PublishedPackage } from '../record.ts';
import type { RolloutStatus } from './progress.ts';
import { rolloutName } from './server-rollouts.ts';

interface StandingFile {
  schema: 1;
  rollouts: RolloutStanding[];
}

/** What is known here of a destination's rollouts. */
export interface StandingFacts {
  destination: string;
  owner: SeriesOwner;
  /** What is recorded of the product's packages, at any destination. */
  published: readonly PublishedPackage[];
  /** When the server was asked; ISO 8601, UTC. */
  at: string;
}

/** What is kept of a rollout that a server told of. */
export function standingOf(
  status: Omit<RolloutStatus, 'id' | 'groups'>,
  { destination, owner, published, at }: StandingFacts,
): RolloutStanding {
  const { name, state, devices, finished, failed } = status;
  const { series, version, tag, isOfRefused } = rolloutName(name);
  const base = baseOfSeries(series, owner);
  const wire = wireOf(status, { destination, owner, published });
  return {
    destination,
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
    at,
  };
}

/** What a rollout sent over the wire; undefined where its package is not known here. */
export function wireOf(
  { name, finished, failed }: Pick<RolloutStatus, 'name' | 'finished' | 'failed'>,
  { destination, owner, published }: Omit<StandingFacts, 'at'>,
): Wire | undefined {
  const { series, version } = rolloutName(name);
  const there = published.filter((one) => one.destination === destination && one.version === version);
  const sizeOf = (base: string | undefined): number | undefined => there.find((one) => one.base === base)?.sizeBytes;
  const packageBytes = sizeOf(baseOfSeries(series, owner));
  const fullBytes = sizeOf(undefined);
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
  const hint = 'Move it away: the next `publish` or `apply` asks the server again.';
  return (await readDestinationRecord<StandingFile>('rollouts', path, hint))?.rollouts ?? [];
}

/** Keeps what was told now, and of the other rollouts what was told before; written atomically. */
export async function keepStandings(path: string, told: readonly RolloutStanding[]): Promise<void> {
  if (told.length === 0) return;
  const isTold = (one: RolloutStanding): boolean =>
    told.some(({ destination, name }) => destination === one.destination && name === one.name);
  const others = (await readStandings(path)).filter((one) => !isTold(one));
  await writeFileAtomic(path, sealJson({ schema: 1, rollouts: [...others, ...told] } satisfies StandingFile));
}
