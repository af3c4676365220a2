/**
 * The functions of match.wasm: what each does stands beside it in src/rdiff/wasm/assembly/. Addresses lie in the shared
 * memory.
 */
export interface MatchExports {
  indexAnchors(
    table: number,
    filter: number,
    shift: number,
    tagBits: number,
    number: number,
    from: number,
    to: number,
  ): void;
  followDiagonals(
    table: number,
    filter: number,
    shift: number,
    tagBits: number,
    strideBits: number,
    runs: number,
    coarseBits: number,
    from: number,
    to: number,
    cache: number,
    baseBytes: number,
    expected: number,
    out: number,
  ): number;
  indexCoarse(
    table: number,
    runs: number,
    shift: number,
    tagBits: number,
    strideBits: number,
    number: number,
    from: number,
    to: number,
    scratch: number,
  ): void;
  scanCoarse(
    table: number,
    runs: number,
    shift: number,
    tagBits: number,
    strideBits: number,
    from: number,
    to: number,
    cache: number,
    baseBytes: number,
    expected: number,
    out: number,
  ): number;
  indexFine(
    table: number,
    filter: number,
    shift: number,
    from: number,
    to: number,
    stride: number,
    part: number,
    parts: number,
    scratch: number,
  ): void;
  collectMatches(
    table: number,
    filter: number,
    shift: number,
    from: number,
    to: number,
    pages: number,
    held: number,
    before: number,
    after: number,
    hits: number,
    best: number,
  ): void;
  chooseMatches(
    best: number,
    size: number,
    costs: number,
    literal: number,
    literalHead: number,
    copy: number,
    from: number,
    pages: number,
    held: number,
    out: number,
  ): number;
  encodeMatches(matches: number, count: number, buffer: number, room: number, result: number): void;
  countBytes(counts: number, from: number, to: number): void;
  literalCost(counts: number): number;
}
