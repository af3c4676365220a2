import { WASM_MATCH_BYTES, type LaneLayout } from './layout.ts';
import { MATCH_STRIDE, MatchBuffer, type Matches } from './matches.ts';

/**
 * The segment of the target at hand, in a lane's own buffer, and the list of its matches as it grows: what the wasm
 * functions find goes between those that were known, in the order of the target.
 */
export class Segment {
  readonly #own: LaneLayout;
  readonly #words: Uint32Array;
  readonly #offsets: Float64Array;
  readonly #taken = new MatchBuffer();
  /** Offset in the target of what lies at targetAt. */
  #start = 0;
  /** Matches at matchesAt. */
  #count = 0;
  #known: Matches = new Float64Array();
  /** Where in #known the list goes on. */
  #nextKnown = 0;
  #changed = false;

  constructor(memory: WebAssembly.Memory, own: LaneLayout) {
    this.#own = own;
    this.#words = new Uint32Array(memory.buffer);
    this.#offsets = new Float64Array(memory.buffer);
  }

  /**
   * Begins a segment and its list.
   *
   * @param start offset of the segment in the target
   * @param known its matches so far
   */
  begin(start: number, known: Matches): void {
    this.#start = start;
    this.#known = known;
    this.#nextKnown = 0;
    this.#count = 0;
    this.#changed = false;
  }

  /** Where an offset in the target lies in memory. */
  addressOf(offset: number): number {
    return this.#own.targetAt + offset - this.#start;
  }

  /** Which offset in the target lies at an address. */
  offsetOf(address: number): number {
    return address - this.#own.targetAt + this.#start;
  }

  /** Where the next match is to be written. */
  get nextAt(): number {
    return this.#own.matchesAt + this.#count * WASM_MATCH_BYTES;
  }

  /** Takes matches that were written there. */
  add(count: number): void {
    this.#count += count;
    if (count > 0) this.#changed = true;
  }

  /** Puts the known matches before an offset in the target into the list, where they belong in the order. */
  keepUntil(offset: number): void {
    for (
      ;
      this.#nextKnown < this.#known.length && this.#known[this.#nextKnown]! < offset;
      this.#nextKnown += MATCH_STRIDE
    ) {
      const at = this.nextAt;
      this.#words[at / 4] = this.addressOf(this.#known[this.#nextKnown]!);
      this.#words[at / 4 + 1] = this.#known[this.#nextKnown + 2]!;
      this.#offsets[at / 8 + 1] = this.#known[this.#nextKnown + 1]!;
      this.#count += 1;
    }
  }

  /** Ends the list. @returns how many matches it has at matchesAt */
  keepAll(): number {
    this.keepUntil(Infinity);
    return this.#count;
  }

  /**
   * Ends the list: all matches as offsets, until the next call; undefined when none came to those known.
   */
  take(): Matches | undefined {
    if (!this.#changed) return undefined;
    const matches = this.#taken.of(this.keepAll());
    let at = this.#own.matchesAt;
    for (let to = 0; to < matches.length; to += MATCH_STRIDE, at += WASM_MATCH_BYTES) {
      matches[to] = this.offsetOf(this.#words[at / 4]!);
      matches[to + 1] = this.#offsets[at / 8 + 1]!;
      matches[to + 2] = this.#words[at / 4 + 1]!;
    }
    return matches;
  }
}
