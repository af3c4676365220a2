import type { Command } from 'commander';
import { CODES } from '../core/codes/index.ts';
import type { KnownValues } from './completion/words.ts';

/** The format of `validate` for people, beside those of the registry: frames on stderr, a line on stdout. */
export const PRETTY = 'pretty';

/** The values of flags and arguments that registries know and declarations do not, by command and flag. */
export async function knownValues(): Promise<KnownValues> {
  const { diagnosticFormats } = await import('../report/diagnostics/registry.ts');
  const { reportFormats } = await import('../report/registry.ts');
  const { PHASES } = await import('../core/step.ts');
  return {
    'validate --format': [PRETTY, ...diagnosticFormats.map((one) => one.name)],
    'report --format': reportFormats.map((one) => one.name),
    'apply --only': PHASES,
    'explain': Object.keys(CODES),
  };
}

/**
 * Names the values of flags in the help of a program. Called only when help is asked for: the registries would slow
 * down every other start.
 */
export async function describeChoices(program: Command): Promise<void> {
  const known = await knownValues();
  for (const command of program.commands)
    for (const option of command.options) {
      const values = known[`${command.name()} ${option.long ?? ''}`];
      // Not choices(), which would also replace the parser: each command says itself what is wrong with a value.
      if (values !== undefined) option.argChoices = [...values];
    }
}
