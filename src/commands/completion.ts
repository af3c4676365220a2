import { Argument } from 'commander';
import { EXIT } from '../core/codes/index.ts';
import { examples } from './examples.ts';
import type { RegisterCommand } from './host.ts';
import { knownValues } from './choices.ts';
import type { Place } from './completion/words.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const registerCompletion: RegisterCommand = (program, run) => {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'shell').choices(SHELLS))
    .addHelpText(
      ...examples({
        'Complete in this bash': 'source <(release-plan completion bash)',
        'Complete in every fish': 'release-plan completion fish > ~/.config/fish/completions/release-plan.fish',
      }),
    )
    .action(async (shell: (typeof SHELLS)[number]) => {
      await run(async (context) => {
        const { placesOf } = await import('./completion/words.ts');
        context.document(await scriptFor(shell, placesOf(program, await knownValues())));
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
