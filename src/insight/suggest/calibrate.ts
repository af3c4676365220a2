/** How sizes are estimated, by what holds for the deltas that exist. Pure. */

/** A delta that was made: what estimates are compared with. */
export interface MadeDelta {
  from: string;
  to: string;
  /** What a device downloads. */
  bytes: number;
  /** ISO 8601, UTC. */
  madeAt?: string;
}

/** What estimates are made from. */
export interface Evidence {
  /** Versions between base and target, the target included. */
  distance: number;
  /** Bytes of the target in blocks that the base lacks; undefined where a signature is missing. */
  missingBytes: number | undefined;
}

/**
 * `signatures`: a delta has a share of the blocks that its base lacks. Right
 * where content stays in place. `distance`: versions change about as much as
 * one another. Right where content moves, so that every block is another.
 */
export type Method = 'signatures' | 'distance';

export interface Calibration {
  method: Method;
  /** Deltas that the methods were measured on; 0: an estimate is what the blocks come to in a full package. */
  deltas: number;
  /** Nine of ten deltas were within this share of their estimate from the others; null below two. */
  error: number | null;
  /** Estimates the size of a delta; undefined without evidence for it. */
  estimate(evidence: Evidence): number | undefined;
}

/** A delta that exists, with what would have been known of it. */
export interface Known extends Evidence {
  bytes: number;
}

/**
 * Chooses the method that comes nearer to the deltas that exist, each estimated from the others.
 *
 * @param packedShare bytes of a full package by those of its images, for want of a delta
 */
export function calibrate(known: readonly Known[], packedShare: number): Calibration {
  if (known.length === 0)
    return {
      method: 'signatures',
      deltas: 0,
      error: null,
      estimate: ({ missingBytes }) => (missingBytes === undefined ? undefined : missingBytes * packedShare),
    };
  const found = METHODS.map(({ method, fit }) => ({ method, estimate: fit(known), error: errorOf(known, fit) }));
  const best = found.reduce((a, b) => ((b.error ?? Infinity) < (a.error ?? Infinity) ? b : a));
  const other = found.find((one) => one !== best);
  return {
    method: best.method,
    deltas: known.length,
    error: best.error,
    estimate: (evidence) => best.estimate(evidence) ?? other?.estimate(evidence),
  };
}

type Estimate = Calibration['estimate'];

const METHODS: ReadonlyArray<{ method: Method; fit(known: readonly Known[]): Estimate }> = [
  { method: 'signatures', fit: bySignatures },
  { method: 'distance', fit: byDistance },
];

function bySignatures(known: readonly Known[]): Estimate {
  const ratios = known.flatMap(({ bytes, missingBytes }) => (missingBytes ? [bytes / missingBytes] : []));
  const factor = quantile(ratios, 0.5);
  return ({ missingBytes }) => (missingBytes === undefined || ratios.length === 0 ? undefined : missingBytes * factor);
}

/** Between known distances in proportion, beyond the largest as from nothing to it. */
function byDistance(known: readonly Known[]): Estimate {
  const byLength = new Map<number, number[]>([[0, [0]]]);
  for (const { distance, bytes } of known) byLength.set(distance, [...(byLength.get(distance) ?? []), bytes]);
  const points = [...byLength].map(([at, bytes]) => ({ at, bytes: quantile(bytes, 0.5) })).sort((a, b) => a.at - b.at);
  return ({ distance }) => {
    const after = points.find(({ at }) => at >= distance);
    const before = points.findLast(({ at }) => at <= distance);
    if (after === undefined || before === undefined) {
      const last = points.at(-1);
      return last === undefined || last.at === 0 ? undefined : (last.bytes * distance) / last.at;
    }
    const share = after.at === before.at ? 0 : (distance - before.at) / (after.at - before.at);
    return before.bytes + share * (after.bytes - before.bytes);
  };
}

/** @returns null where fewer than two deltas can be estimated from the others */
function errorOf(known: readonly Known[], fit: (known: readonly Known[]) => Estimate): number | null {
  if (known.length < 2) return null;
  const errors = known.flatMap((one, at) => {
    const estimated = fit(known.toSpliced(at, 1))(one);
    return estimated === undefined || one.bytes === 0 ? [] : [Math.abs(estimated / one.bytes - 1)];
  });
  return errors.length < 2 ? null : quantile(errors, 0.9);
}

/** @param share 0 to 1 */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return low + (high - low) * (at - Math.floor(at));
}
