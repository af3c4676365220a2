/** What the version of a program makes possible. */
import type { ToolName } from '../io/tools.ts';

/** Something that a program can do from a version on. */
interface Feature {
  from: string;
  what: string;
}

/** @see the changelog of kas; provenance was seen with 4.8.2 first */
const FEATURES: Partial<Record<ToolName, readonly Feature[]>> = {
  kas: [
    { from: '3.3', what: 'lock files of its own' },
    { from: '4.0', what: 'commit, branch and tag of a repository' },
    { from: '4.8', what: 'kas.provenance' },
  ],
};

/**
 * What a version makes possible, and what it lacks, a line each.
 *
 * @param said the program's own line
 */
export function abilitiesOf(tool: ToolName, said: string): { can: string[]; lacks: string[] } {
  const version = /\d+(?:\.\d+)+/.exec(said)?.[0];
  const features = FEATURES[tool] ?? [];
  const format = tool === 'kas' ? /configuration format version (\d+)/.exec(said)?.[1] : undefined;
  const can = format === undefined ? [] : [`header versions up to ${format}`];
  if (version === undefined) return { can, lacks: [] };
  const isThere = ({ from }: Feature): boolean => compareNumbers(version, from) >= 0;
  return {
    can: [...can, ...features.filter(isThere).map((one) => one.what)],
    lacks: features.filter((one) => !isThere(one)).map((one) => `${one.what} (from ${one.from} on)`),
  };
}

/** Debian's and upstream's versions alike are numbers between dots, as far as is asked here. */
function compareNumbers(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
