import type { Finding } from '../finding.ts';
import type { PlanSource } from '../source.ts';

const SOURCES = ['file', 'command', 'hawkbit', 'goosebit'] as const;

/** A fleet is a file, the output of a command, or a server: one of them. */
export function fleetHasOneSource(plan: PlanSource): Finding[] {
  const { fleet } = plan;
  if (fleet === undefined || typeof fleet === 'string') return [];
  const given = SOURCES.filter((key) => key in fleet);
  if (given.length === 1) return [];
  const [first, second] = given;
  return [
    {
      code: 'key-missing',
      at: ['fleet'],
      message:
        first === undefined
          ? `fleet has none of ${SOURCES.map((one) => `"${one}"`).join(', ')}`
          : `fleet has both "${first}" and "${second}"`,
      hint: 'Give one: the file with the devices, the command that prints them, or the server that knows them.',
    },
  ];
}
