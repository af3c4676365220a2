/** Two versions that an update leads between. */
export interface Pair {
  from: string;
  to: string;
}

/** A pair as people and reports write it: `0.1.0 -> 0.2.0`. Nothing reads it back. */
export const pairText = ({ from, to }: Pair): string => `${from} -> ${to}`;

const keyOf = ({ from, to }: Pair): string => JSON.stringify([from, to]);

/** A map whose keys are pairs, equal when both versions are; in the order in which they were added. */
export class PairMap<T> {
  readonly #entries = new Map<string, readonly [Pair, T]>();

  constructor(entries: Iterable<readonly [Pair, T]> = []) {
    for (const [pair, value] of entries) this.set(pair, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(pair: Pair): T | undefined {
    return this.#entries.get(keyOf(pair))?.[1];
  }

  has(pair: Pair): boolean {
    return this.#entries.has(keyOf(pair));
  }

  set(pair: Pair, value: T): this {
    this.#entries.set(keyOf(pair), [{ from: pair.from, to: pair.to }, value]);
    return this;
  }

  keys(): Pair[] {
    return [...this.#entries.values()].map(([pair]) => pair);
  }

  values(): T[] {
    return [...this.#entries.values()].map(([, value]) => value);
  }

  [Symbol.iterator](): IterableIterator<readonly [Pair, T]> {
    return this.#entries.values();
  }
}

/** A {@link PairMap} that its holder does not change. */
export type ReadonlyPairMap<T> = Omit<PairMap<T>, 'set'>;

/** A set of pairs, as a map. */
export const pairSet = (pairs: Iterable<Pair>): PairMap<true> => new PairMap([...pairs].map((pair) => [pair, true]));
