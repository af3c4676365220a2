import { Command, type OutputConfiguration } from 'commander';
import { packageVersion } from '../io/package.ts';
import { examples } from './examples.ts';
import type { Runner } from './host.ts';
import { commands } from './index.ts';

/**
 * The program with all of its commands, none of them run yet.
 *
 * A wrong command line, and help, end in a CommanderError instead of the end of the process.
 *
 * @param run what is done with the action of the command that is parsed
 * @param output where help and complaints go, if not to stdout and stderr
 */
export function createProgram(run: Runner, output: OutputConfiguration = {}): Command {
  const program = new Command('release-plan')
    .description('Build, archive, delta-update, sign and verify releases of embedded Linux from one plan.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput(output)
    .addHelpText(
      ...examples({
        'Create a first plan, edit it, then check it': 'release-plan init && release-plan validate plan.yml',
        'Print what a release would do': 'release-plan plan plan.yml',
        'Make the release': 'release-plan apply plan.yml',
      }),
    )
    .addHelpText(
      'after',
      [
        '\nExit codes:',
        '  0    success',
        '  1    bug in release-plan; `targets`: nothing found, as in fioctl',
        '  2    invalid plan or command line',
        '  3    a build failed',
        '  4    inconsistent: a check failed',
        '  5    environment: a program, the disk or permissions',
        '  130  interrupted',
        '`release-plan explain CODE` explains the code of an error message.',
      ].join('\n'),
    );
  for (const register of commands) register(program, run);
  return program;
}
