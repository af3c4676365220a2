import type { Finding } from '../finding.ts';
import type { PlanSource } from '../source.ts';

/** A fleet is a file or the output of a command: one of them, not both. */
export function fleetHasOneSource(plan: PlanSource): Finding[] {
  const { fleet } = plan;
  if (fleet === undefined || typeof fleet === 'string') return [];
  const given = (['file', 'command'] as const).filter((key) => key in fleet);
  if (given.length === 1) return [];
  return [
    {
      code: 'key-missing',
      at: ['fleet'],
      message: given.length === 0 ? 'fleet has neither "file" nor "command"' : 'fleet has both "file" and "command"',
      hint: 'Name the file with the devices, or the command that prints them.',
    },
  ];
}
