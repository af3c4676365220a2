import { quote, type Finding } from '../finding.ts';
import { present, type PlanSource } from '../source.ts';

/**
 * What goes into sw-description can be written there. swu/ refuses it too;
 * here it is told before the build.
 *
 * @see libconfig's manual, "Settings": a name is a letter or *, then letters, digits, -, _ and *
 */
export function packageIsReadable(plan: PlanSource): Finding[] {
  const makesPackages = !('ostree' in plan) && present(plan.deltas).length > 0;
  return makesPackages ? [...board(plan), ...slotVariables(plan)] : [];
}

function board({ machine, swu }: PlanSource): Finding[] {
  if (machine === undefined || 'template' in (swu ?? {}) || /^[A-Za-z][-A-Za-z0-9_]*$/.test(machine)) return [];
  return [
    {
      code: 'swu-board',
      at: ['machine'],
      message: `the machine ${quote(machine)} is not valid as a board in sw-description`,
      hint: 'Use a letter, then letters, digits, "-" and "_"; or supply your own `swu.template`.',
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
