/**
 * Matches between base and target as numbers in one typed array, three each:
 * target offset, base offset, length, all in bytes of their files. In target
 * order, not overlapping.
 */
export type Matches = Float64Array;

/** Numbers per match. */
export const MATCH_STRIDE = 3;

/** Goes through matches in order. */
export function eachMatch(matches: Matches, visit: (target: number, base: number, length: number) => void): void {
  for (let at = 0; at + 2 < matches.length; at += MATCH_STRIDE) visit(matches[at]!, matches[at + 1]!, matches[at + 2]!);
}

/** One list in target order of matches and of those found between them, themselves in order. */
export function joinMatches(matches: Matches, between: readonly Matches[]): Matches {
  const total = between.reduce((sum, part) => sum + part.length, matches.length);
  const joined = new Float64Array(new SharedArrayBuffer(total * Float64Array.BYTES_PER_ELEMENT));
  let to = 0;
  let from = 0;
  for (const part of between) {
    for (; from < matches.length && part.length > 0 && matches[from]! < part[0]!; from += MATCH_STRIDE) {
      joined.set(matches.subarray(from, from + MATCH_STRIDE), to);
      to += MATCH_STRIDE;
    }
    joined.set(part, to);
    to += part.length;
  }
  joined.set(matches.subarray(from), to);
  return joined;
}

/** A command of a delta, before it is bytes. */
export type Command =
  /** Insert `length` bytes of the target from `target` on. */
  | { kind: 'literal'; target: number; length: number }
  | { kind: 'copy'; base: number; length: number };

/**
 * The commands for matches of consecutive segments: what lies between matches
 * becomes literals, and what goes on in base and target alike becomes one copy,
 * also across segments. No command is empty and no two neighbours could be one.
 */
export function* commandsOf(segments: Iterable<Matches>, targetBytes: number): Generator<Command> {
  let written = 0;
  let copy: { kind: 'copy'; base: number; length: number } | undefined;
  for (const matches of segments) {
    for (let at = 0; at + 2 < matches.length; at += MATCH_STRIDE) {
      const target = matches[at]!;
      const base = matches[at + 1]!;
      const length = matches[at + 2]!;
      if (copy !== undefined && target === written && base === copy.base + copy.length) {
        copy.length += length;
      } else {
        if (copy !== undefined) yield copy;
        if (target > written) yield { kind: 'literal', target: written, length: target - written };
        copy = { kind: 'copy', base, length };
      }
      written = target + length;
    }
  }
  if (copy !== undefined) yield copy;
  if (targetBytes > written) yield { kind: 'literal', target: written, length: targetBytes - written };
}
