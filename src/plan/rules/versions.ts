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
        `${inWords(first.version)}: which is newer cannot be told`,
      hint: 'Use one way of counting in a plan.',
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
          message: `version ${quote(one.version)} stands in the plan twice`,
          hint: 'Remove one; its tags and kas files belong into the other.',
        },
      ];
    return [
      {
        code: 'version-duplicate',
        at,
        message:
          `${quote(before.version)} and ${quote(one.version)} are equally new: no update leads from one ` +
          'to the other',
        hint: 'Tell them apart by a number or a prerelease; leading zeros do not count.',
      },
    ];
  });
}
