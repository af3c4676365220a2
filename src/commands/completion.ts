import { Argument } from 'commander';
import { CODES, EXIT } from '../core/codes.ts';
import type { RegisterCommand } from './host.ts';
import type { KnownValues, Place } from './completion/words.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const registerCompletion: RegisterCommand = (program, run) => {
  program
    .command('completion')
    .description('print a script that completes commands and flags in a shell')
    .addArgument(new Argument('<shell>', 'the shell that it is for').choices(SHELLS))
    .action(async (shell: (typeof SHELLS)[number]) => {
      await run(async (context) => {
        const { placesOf } = await import('./completion/words.ts');
        context.out(await scriptFor(shell, placesOf(program, await knownValues())));
        return EXIT.ok;
      });
    });
};

async function scriptFor(shell: (typeof SHELLS)[number], places: readonly Place[]): Promise<string> {
  switch (shell) {
    case 'bash':
      return (await import('./completion/bash.ts')).bashScript(places);
    case 'zsh':
      return (await import('./completion/zsh.ts')).zshScript(places);
    case 'fish':
      return (await import('./completion/fish.ts')).fishScript(places);
  }
}

/** What the registries know and the flags only describe. */
async function knownValues(): Promise<KnownValues> {
  const { diagnosticFormats } = await import('../report/diagnostics/registry.ts');
  const { reportFormats } = await import('../report/registry.ts');
  const { PHASES } = await import('../core/step.ts');
  return {
    'validate --format': ['pretty', ...diagnosticFormats.map((one) => one.name)],
    'report --format': reportFormats.map((one) => one.name),
    'apply --only': PHASES,
    'explain': Object.keys(CODES),
  };
}
