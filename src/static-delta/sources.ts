/** Which file of the source commit a new file is made from. */

/** A regular file that may be a source, or that needs one. */
export interface Candidate {
  path: string;
  checksum: string;
  sizeBytes: number;
}

/** How much larger or smaller a source of another name may be. */
const MAX_SIZE_RATIO = 4;

/** Files of a name that is a thousand times in a tree (index.html) are not all compared with each other. */
const MAX_COMPARED = 64;

/** A name without its version: `libfoo.so.1.2.3` and `libfoo.so.1.2.4` are the same. */
export const withoutVersion = (name: string): string => name.replace(/[0-9]+/g, '0').replace(/0(?:[.\-+~]0)+/g, '0');

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * Chooses the source of each new file: the file of the same path; else one of
 * the same name without digits, in the folder whose path has most in common,
 * of about the same size.
 *
 * @param files new ones, empty ones left out
 * @param old world-readable files of the source commit, empty ones left out
 * @returns sources by the checksum of the new file; those without one are left out
 */
export function chooseSources(files: readonly Candidate[], old: readonly Candidate[]): Map<string, Candidate> {
  const byPath = new Map(old.map((one) => [one.path, one]));
  const byName = new Map<string, Candidate[]>();
  for (const one of old) {
    const name = withoutVersion(nameOf(one.path));
    const group = byName.get(name);
    if (group === undefined) byName.set(name, [one]);
    else group.push(one);
  }
  const chosen = new Map<string, Candidate>();
  // The same path first: a file may have several, and any that is known already is the best of them.
  for (const file of files) {
    const source = byPath.get(file.path);
    if (source !== undefined && !chosen.has(file.checksum)) chosen.set(file.checksum, source);
  }
  for (const file of files) {
    if (chosen.has(file.checksum)) continue;
    const source = mostSimilar(file, byName.get(withoutVersion(nameOf(file.path))) ?? []);
    if (source !== undefined) chosen.set(file.checksum, source);
  }
  return chosen;
}

function mostSimilar(file: Candidate, group: readonly Candidate[]): Candidate | undefined {
  let best: Candidate | undefined;
  let bestScore = -Infinity;
  for (const one of group.slice(0, MAX_COMPARED)) {
    const ratio = Math.max(file.sizeBytes, one.sizeBytes) / Math.min(file.sizeBytes, one.sizeBytes);
    if (ratio > MAX_SIZE_RATIO) continue;
    const score = commonFolders(file.path, one.path) - Math.log2(ratio);
    if (score > bestScore) [best, bestScore] = [one, score];
  }
  return best;
}

/**
 * How many folders two paths have in common, from the root and from the file,
 * digits aside; a half less for each that one has more.
 */
function commonFolders(a: string, b: string): number {
  const [left, right] = [a, b].map((path) => withoutVersion(path).split('/').slice(0, -1)) as [string[], string[]];
  const most = Math.min(left.length, right.length);
  let first = 0;
  while (first < most && left[first] === right[first]) first += 1;
  let last = 0;
  while (last < most - first && left[left.length - 1 - last] === right[right.length - 1 - last]) last += 1;
  return first + last - Math.abs(left.length - right.length) / 2;
}
