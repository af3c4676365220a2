import { quote, type Finding } from '../finding.ts';
import { numbered, type PlanSource } from '../source.ts';
import { isOrderedWrongly, orderedWrongly } from '../../text/four-part.ts';
import { compareVersions, schemeOf } from '../version.ts';

interface Seen {
  version: string;
  index: number;
}

/** Versions are unique, also in their order, and count in one way. */
export function versionsInOrder(plan: PlanSource): Finding[] {
  const seen = numbered(plan.versions).flatMap(([index, one]): Seen[] =>
    one.version === undefined ? [] : [{ version: one.version, index }],
  );
  return [...mixed(seen), ...repeated(seen), ...('ostree' in plan ? [] : tooWide(seen))];
}

/** Devices compare versions of four numbers in 64 bits. */
function tooWide(seen: readonly Seen[]): Finding[] {
  return seen
    .filter((one) => isOrderedWrongly(one.version))
    .map((one) => ({
      code: 'swu-version',
      severity: 'warning',
      at: ['versions', one.index, 'version'],
      message: orderedWrongly(one.version),
      hint: 'Keep each of the four numbers at 65535 or below, or use three and a prerelease.',
    }));
}

function mixed(seen: readonly Seen[]): Finding[] {
  const [first] = seen;
  if (first === undefined) return [];
  return seen
    .filter((one) => schemeOf(one.version) !== schemeOf(first.version))
    .map((one) => ({
      code: 'version-mixed',
      at: ['versions', one.index, 'version'],
      message:
        `${quote(one.version)} is ${inWords(one.version)} and ${quote(first.version)} is ` +
        `${inWords(first.version)}; the two cannot be ordered`,
      hint: 'Use one version scheme throughout the plan.',
    }));
}

const inWords = (version: string): string => (schemeOf(version) === 'integer' ? 'a plain integer' : 'a dotted version');

function repeated(seen: readonly Seen[]): Finding[] {
  const sorted = [...seen].sort((a, b) => compareVersions(a.version, b.version) || a.index - b.index);
  return sorted.flatMap((one, place): Finding[] => {
    const before = sorted[place - 1];
    if (before === undefined || compareVersions(before.version, one.version) !== 0) return [];
    const at = ['versions', one.index, 'version'];
    if (before.version === one.version)
      return [
        {
          code: 'version-duplicate',
          at,
          message: `version ${quote(one.version)} appears twice in the plan`,
          hint: 'Remove one, and merge its tags and kas files into the other.',
        },
      ];
    return [
      {
        code: 'version-duplicate',
        at,
        message:
          `${quote(before.version)} and ${quote(one.version)} have the same precedence, so neither is an update of ` +
          'the other',
        hint: 'Change a number or the prerelease; leading zeros do not count.',
      },
    ];
  });
}
