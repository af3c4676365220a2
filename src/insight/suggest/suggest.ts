import type { ArchiveKey } from '../../archive/layout.ts';
import type { Partition } from '../../core/plan.ts';
import { cheaperChains, type Chain } from './chains.ts';
import { choose, type Choice, type Limits, type Offer } from './choose.ts';
import { calibrate, type Calibration, type Evidence, type Known, type MadeDelta } from './calibrate.ts';
import { Estimator } from './estimate.ts';
import { makingRate, type MakingRate } from './rate.ts';

/** A base that a delta could start from, as the fleet has it. */
export interface Base {
  version: string;
  devices: number;
}

export interface SuggestRequest {
  key: ArchiveKey;
  partitions: readonly Pick<Partition, 'name' | 'delta' | 'update'>[];
  to: string;
  /** Oldest first. */
  bases: readonly Base[];
  /** Devices that have to update, also those that no delta can serve. */
  updating: number;
  /** All versions, oldest first. */
  versions: readonly string[];
  /** Deltas that are there, to any version. */
  made: readonly MadeDelta[];
  /** The full package of the target. */
  fullBytes?: number;
  /** A delta above this share of the full package is not offered, and saves nothing. */
  maxShare: number;
  limits: Limits;
  signal?: AbortSignal;
}

/** A base with what a delta from it would cost and save. */
export interface SuggestedBase extends Offer {
  /** Where {@link Offer.bytes} is from; null where nothing tells it. */
  size: 'known' | 'estimated' | 'neighbours' | null;
  isChosen: boolean;
}

export interface Suggestion {
  to: string;
  updating: number;
  fullBytes: number | null;
  /** Chosen ones first, then by devices. */
  bases: SuggestedBase[];
  choice: Omit<Choice, 'chosen'>;
  calibration: Omit<Calibration, 'estimate'>;
  rate: MakingRate;
  /** Over deltas that are there or chosen. */
  chains: Chain[];
}

/**
 * Suggests which bases to make deltas from.
 *
 * @throws ReleasePlanError `signature-corrupt`; a system error; AbortError
 */
export async function suggestBases(request: SuggestRequest): Promise<Suggestion> {
  const { key, partitions, to, updating, made, fullBytes, limits, signal } = request;
  const estimator = new Estimator(key, partitions, signal);
  const { estimate, ...calibration } = await calibrationFor(request, estimator);
  const rate = await makingRate(made, (version) => estimator.imageBytes(version));
  const sized = await sizedBases(request, estimator, estimate, rate);
  const { chosen, ...choice } = choose(sized, updating, limits);
  const isChosen = new Set(chosen);
  const rest = sized.filter((one) => !isChosen.has(one)).sort((a, b) => b.devices - a.devices);
  return {
    to,
    updating,
    fullBytes: fullBytes ?? null,
    bases: [...chosen, ...rest].map((one) => ({ ...one, isChosen: isChosen.has(one) })),
    choice,
    calibration,
    rate,
    chains: chainsOf(request, sized, isChosen),
  };
}

type SizedBase = Omit<SuggestedBase, 'isChosen'>;

/** More deltas make no better measure, and each takes reading a signature. */
const MOST_CALIBRATED = 40;

async function calibrationFor(request: SuggestRequest, estimator: Estimator): Promise<Calibration> {
  const { made, to, fullBytes } = request;
  const known: Known[] = [];
  // Those to the target say most.
  const nearest = [...made].sort((a, b) => Number(b.to === to) - Number(a.to === to));
  for (const { from, to: until, bytes } of nearest.slice(0, MOST_CALIBRATED)) {
    const evidence = await evidenceOf(request, estimator, from, until);
    if (evidence.distance > 0) known.push({ bytes, ...evidence });
  }
  const imageBytes = await estimator.imageBytes(to);
  return calibrate(known, fullBytes === undefined || !imageBytes ? 1 : fullBytes / imageBytes);
}

/** Versions that are not in order are at no distance. */
async function evidenceOf(
  { versions }: SuggestRequest,
  estimator: Estimator,
  from: string,
  to: string,
): Promise<Evidence> {
  const [first, last] = [versions.indexOf(from), versions.indexOf(to)];
  const distance = first < 0 || last < 0 ? 0 : Math.max(0, last - first);
  return { distance, missingBytes: await estimator.missingBytes(from, to) };
}

async function sizedBases(
  request: SuggestRequest,
  estimator: Estimator,
  estimate: Calibration['estimate'],
  rate: MakingRate,
): Promise<SizedBase[]> {
  const { to, bases, made, fullBytes, maxShare } = request;
  const known = new Map(made.filter((one) => one.to === to).map(({ from, bytes }) => [from, bytes]));
  const targetBytes = await estimator.imageBytes(to);
  const rows: SizedBase[] = [];
  for (const { version, devices } of bases) {
    const there = known.get(version);
    const estimated =
      there === undefined
        ? estimateWithin(estimate(await evidenceOf(request, estimator, version, to)), fullBytes)
        : null;
    const workBytes = ((await estimator.imageBytes(version)) ?? 0) + (targetBytes ?? 0);
    rows.push({
      base: version,
      devices,
      bytes: there ?? estimated,
      size: there !== undefined ? 'known' : estimated === null ? null : 'estimated',
      savedBytes: null,
      ms: there === undefined ? Math.round((1000 * workBytes) / rate.bytesPerSecond) : 0,
    });
  }
  return withNeighbours(rows).map((row) => ({
    ...row,
    savedBytes:
      row.bytes === null || fullBytes === undefined
        ? null
        : row.bytes > maxShare * fullBytes
          ? 0
          : (fullBytes - row.bytes) * row.devices,
  }));
}

/** No delta is much larger than what it stands for. */
const estimateWithin = (bytes: number | undefined, fullBytes = Infinity): number | null =>
  bytes === undefined ? null : Math.round(Math.min(bytes, fullBytes));

/** What cannot be estimated is taken to be as large as the nearest base, in the order in which bases came. */
function withNeighbours(rows: readonly SizedBase[]): SizedBase[] {
  const sized = rows.flatMap(({ bytes }, at) => (bytes === null ? [] : [{ bytes, at }]));
  return rows.map((row, at) => {
    if (row.bytes !== null || sized.length === 0) return row;
    const { bytes } = sized.reduce((near, one) => (Math.abs(one.at - at) < Math.abs(near.at - at) ? one : near));
    return { ...row, bytes, size: 'neighbours' };
  });
}

/** Over what is there, and what is chosen. */
function chainsOf(
  { to, made, fullBytes }: SuggestRequest,
  sized: readonly SizedBase[],
  isChosen: ReadonlySet<SizedBase>,
): Chain[] {
  const offered = sized.filter((one) => one.size === 'known' || isChosen.has(one));
  const direct = new Map(offered.flatMap(({ base, bytes }) => (bytes === null ? [] : [[base, bytes] as const])));
  const links = [...made.filter((one) => one.to !== to), ...[...direct].map(([from, bytes]) => ({ from, to, bytes }))];
  const now = new Map(
    sized.flatMap(({ base, devices }) => {
      const bytes = direct.get(base) ?? fullBytes;
      return bytes === undefined ? [] : [[base, { devices, bytes }] as const];
    }),
  );
  return cheaperChains(links, to, now);
}
