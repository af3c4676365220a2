import type { CommandContext } from './host.ts';

/** A command that looks; it runs what a plan names only when it is told to. */
export type LookingContext = CommandContext & { runsCommands: boolean };

/** Says on stderr what could not be known. */
export function noteUnasked(isFleetUnasked: boolean, { report }: Pick<CommandContext, 'report'>): void {
  if (isFleetUnasked)
    report({
      type: 'note',
      message: 'The fleet was not asked, so tags of the plan decide: --run-commands runs fleet.command.',
    });
}

/** The flag of every command that only looks. */
export const RUN_COMMANDS_FLAG = [
  '--run-commands',
  'run fleet.command of the plan; give it only for plans that were reviewed',
] as const;
