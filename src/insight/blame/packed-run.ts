/** A part of what a compressed file makes, and what each byte of it takes there. */
export interface PackedRun {
  outBytes: number;
  /**
   * Where what a byte takes begins in the compressed file, in bytes and parts of them; of `outBytes` the end. Never
   * less than of the byte before.
   */
  placeOf(byte: number): number;
}

/** Gathers a run: what its bytes take themselves, one after the other. */
export class RunMaker {
  readonly #mostBytes: number;
  /** What the bytes before each take, and at the end all. */
  #costs: Float64Array;
  #outBytes = 0;

  /** @param mostBytes of a run */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
    this.#costs = new Float64Array(mostBytes + 1);
  }

  get outBytes(): number {
    return this.#outBytes;
  }

  /** @param cost of all of them, which share it evenly; in bytes and parts of them */
  add(outBytes: number, cost: number): void {
    const before = this.#costs[this.#outBytes] ?? 0;
    for (let at = 1; at <= outBytes; at += 1) this.#costs[this.#outBytes + at] = before + (cost * at) / outBytes;
    this.#outBytes += outBytes;
  }

  /**
   * Ends the run and begins the next. What no byte takes itself (headers, tables) all of them share evenly.
   *
   * @param from, to places of the run in the compressed file
   */
  take(from: number, to: number): PackedRun {
    const [costs, outBytes] = [this.#costs, this.#outBytes];
    const between = (to - from - (costs[outBytes] ?? 0)) / outBytes;
    this.#costs = new Float64Array(this.#mostBytes + 1);
    this.#outBytes = 0;
    return { outBytes, placeOf: (byte) => from + (costs[byte] ?? 0) + between * byte };
  }
}
