/** Which bases are worth a delta, within limits. Pure. */

/** A delta that could be made, or is there. */
export interface Offer {
  base: string;
  /** Devices that it serves. */
  devices: number;
  /** What all of them together do not have to download; null where no size is known. */
  savedBytes: number | null;
  /** What it takes on the server; null where that is not known. */
  bytes: number | null;
  /** How long it takes to make; 0 for one that is there. */
  ms: number;
}

/** What a choice may cost, and when it is enough. */
export interface Limits {
  /** Enough is this share of the devices, 0 to 1. */
  cover?: number;
  max?: number;
  bytes?: number;
  ms?: number;
}

export interface Choice<T extends Offer = Offer> {
  /** The best first. */
  chosen: T[];
  /** What was maximised: devices where a share of them is asked for, or no size is known; saved bytes otherwise. */
  aim: 'devices' | 'saved-bytes';
  /** What the choice gives of that, and what no choice within the limits can exceed. */
  value: number;
  bound: number;
  devices: number;
  /** Whether the share that was asked for is reached; true without one. */
  isEnough: boolean;
}

/**
 * Chooses offers within limits.
 *
 * A device runs one version, so that what offers give adds up. With a limit of
 * their number alone the best ones are the best choice. Budgets make it a
 * knapsack problem: several greedy orders are tried, and the bound is that of
 * fractions of offers, for the tightest of the limits (Dantzig 1957).
 *
 * @param updating devices that have to update, also those that no offer serves
 */
export function choose<T extends Offer>(offers: readonly T[], updating: number, limits: Limits): Choice<T> {
  // Where no size is known, serving devices is all that there is to aim at.
  const isSized = offers.some(({ savedBytes }) => savedBytes !== null);
  const aim = limits.cover === undefined && isSized ? 'saved-bytes' : 'devices';
  const valueOf = (one: Offer): number => (aim === 'devices' ? one.devices : (one.savedBytes ?? 0));
  // What saves nothing is no help, and what is not known to save anything is, where devices count.
  const useful = offers.filter((one) => valueOf(one) > 0 && (one.savedBytes ?? 1) > 0);
  const enough = limits.cover === undefined ? Infinity : limits.cover * updating;
  const choices = ordersOf(useful, valueOf, limits).map((order) => takeInOrder(order, limits, enough));
  const sumOf = (chosen: readonly T[]): number => chosen.reduce((sum, one) => sum + valueOf(one), 0);
  const isBetter = (a: readonly T[], b: readonly T[]): boolean => {
    const [left, right] = [Math.min(sumOf(a), enough), Math.min(sumOf(b), enough)];
    return left > right || (left === right && a.length < b.length);
  };
  const chosen = choices.reduce((best, one) => (isBetter(one, best) ? one : best), [] as T[]);
  const devices = chosen.reduce((sum, one) => sum + one.devices, 0);
  return {
    chosen: [...chosen].sort((a, b) => valueOf(b) - valueOf(a)),
    aim,
    value: sumOf(chosen),
    bound: boundOf(useful, valueOf, limits),
    devices,
    isEnough: limits.cover === undefined || devices >= enough,
  };
}

/** A cost of an offer, as a share of what there is of it; 0 without a limit. */
const costs: ReadonlyArray<(one: Offer, limits: Limits) => number> = [
  (_one, { max }) => (max === undefined ? 0 : 1 / max),
  // What is of unknown size is taken to use up the budget.
  (one, { bytes }) => (bytes === undefined ? 0 : bytes === 0 ? Infinity : (one.bytes ?? bytes) / bytes),
  (one, { ms }) => (ms === undefined || one.ms === 0 ? 0 : ms === 0 ? Infinity : one.ms / ms),
];

/** By what an offer gives, by that for each cost, and by that for all costs together. */
function ordersOf<T extends Offer>(offers: readonly T[], valueOf: (one: Offer) => number, limits: Limits): T[][] {
  const limited = costs.filter((cost) => offers.some((one) => cost(one, limits) > 0));
  const weights = [
    () => 1,
    ...limited.map((cost) => (one: Offer) => cost(one, limits)),
    (one: Offer) => limited.reduce((sum, cost) => sum + cost(one, limits), 0),
  ];
  return weights.map((weight) => {
    const worth = new Map(offers.map((one) => [one, valueOf(one) / Math.max(weight(one), Number.MIN_VALUE)]));
    return [...offers].sort((a, b) => (worth.get(b) ?? 0) - (worth.get(a) ?? 0) || valueOf(b) - valueOf(a));
  });
}

/** Rounding of sums of shares. */
const SLACK = 1e-9;

function takeInOrder<T extends Offer>(order: readonly T[], limits: Limits, enough: number): T[] {
  const chosen: T[] = [];
  const used = costs.map(() => 0);
  let devices = 0;
  for (const one of order) {
    if (devices >= enough) break;
    const after = costs.map((cost, at) => (used[at] ?? 0) + cost(one, limits));
    if (after.some((share) => share > 1 + SLACK)) continue;
    after.forEach((share, at) => void (used[at] = share));
    chosen.push(one);
    devices += one.devices;
  }
  return chosen;
}

/** With fractions of offers allowed, one limit at a time: each alone allows at least what all allow. */
function boundOf(offers: readonly Offer[], valueOf: (one: Offer) => number, limits: Limits): number {
  const all = offers.reduce((sum, one) => sum + valueOf(one), 0);
  return Math.min(all, ...costs.map((cost) => fractional(offers, valueOf, (one) => cost(one, limits))));
}

function fractional(offers: readonly Offer[], valueOf: (one: Offer) => number, costOf: (one: Offer) => number): number {
  const worth = (one: Offer): number => valueOf(one) / Math.max(costOf(one), Number.MIN_VALUE);
  let left = 1;
  let value = 0;
  for (const one of [...offers].sort((a, b) => worth(b) - worth(a))) {
    const cost = costOf(one);
    if (cost === Infinity) continue;
    const part = cost <= left ? 1 : left / cost;
    value += valueOf(one) * part;
    left -= cost * part;
    if (left <= 0 && part < 1) break;
  }
  return value;
}
