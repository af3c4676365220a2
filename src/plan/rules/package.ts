import { posix } from 'node:path';
import { formatPointer, quote, type Finding } from '../finding.ts';
import { numbered, present, type PlanSource } from '../source.ts';

/**
 * What goes into sw-description can be written there. swu/ refuses it too;
 * here it is told before the build.
 *
 * @see libconfig's manual, "Settings": a name is a letter or *, then letters, digits, -, _ and *
 */
export function packageIsReadable(plan: PlanSource): Finding[] {
  const makesPackages = !('ostree' in plan) && present(plan.deltas).length > 0;
  return makesPackages ? [...board(plan), ...slotVariables(plan), ...ownMembers(plan)] : [];
}

function board({ machine, swu }: PlanSource): Finding[] {
  // Boards of the plan's own are held to the pattern by the schema.
  if (
    machine === undefined ||
    'template' in (swu ?? {}) ||
    'boards' in (swu ?? {}) ||
    /^[A-Za-z][-A-Za-z0-9_]*$/.test(machine)
  )
    return [];
  return [
    {
      code: 'swu-board',
      at: ['machine'],
      message: `the machine ${quote(machine)} is not valid as a board in sw-description`,
      hint: 'Use a letter, then letters, digits, "-" and "_"; or name it in `swu.boards`.',
    },
  ];
}

function slotVariables(plan: PlanSource): Finding[] {
  if (present(plan.partitions).some((one) => 'slots' in one)) return [];
  return Object.entries(plan.swu?.bootenv ?? {})
    .filter(([, value]) => value?.includes('{slot}'))
    .map(([name]) => ({
      code: 'swu-bootenv',
      at: ['swu', 'bootenv', name],
      message: `swu.bootenv.${name} has {slot}, but no partition has slots`,
      hint: 'Write the value itself.',
    }));
}

/** As swu/pack.ts has it. */
const MEMBER_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
const RESERVED = new Set(['sw-description', 'sw-description.sig', 'check-base.sh', 'padding']);

/** Scripts and files of the plan's own become members, which are called as the files are. */
function ownMembers({ swu, partitions }: PlanSource): Finding[] {
  const own = (['scripts', 'files'] as const).flatMap((key) =>
    numbered(swu?.[key]).flatMap(([index, { file }]) =>
      file === undefined ? [] : [{ at: ['swu', key, index, 'file'], file, name: posix.basename(file) }],
    ),
  );
  const payloads = present(partitions).map((one) => `${one.name}.`);
  return own.flatMap(({ at, file, name }, index): Finding[] => {
    const other = own.slice(0, index).find((one) => one.name === name && one.file !== file);
    const problem = !MEMBER_NAME.test(name)
      ? 'has characters that no member of a package has'
      : RESERVED.has(name) || payloads.some((one) => name.startsWith(one))
        ? 'is a name that release-plan gives to members itself'
        : other && `is the name of ${other.file} too`;
    if (problem === undefined) return [];
    return [
      { code: 'swu-member', at, message: `${formatPointer(at)}: ${quote(name)} ${problem}`, hint: 'Rename the file.' },
    ];
  });
}
