import { InvalidArgumentError, type Command } from 'commander';
import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import type { Limits } from '../../insight/suggest/choose.ts';
import { prettyJson } from '../../text/pretty-json.ts';
import { parseDurationMs, parseShare } from '../../text/units.ts';
import { size, wholeNumber } from '../delta/flags.ts';
import { examples } from '../examples.ts';
import type { CommandContext, Runner } from '../host.ts';
import { RUN_COMMANDS_FLAG } from '../run-commands.ts';
import { planOf } from './plan.ts';

interface Flags {
  plan?: string;
  byTag?: string;
  cover?: number;
  max?: number;
  maxBytes?: number;
  maxTime?: number;
  top?: number;
  runCommands?: boolean;
  json?: boolean;
}

const DEFAULT_ROWS = 30;

/** A parser of a flag's value. @param example of what is expected, for the message */
const parsed =
  (parse: (text: string) => number | undefined, example: string) =>
  (text: string): number => {
    const value = parse(text);
    if (value === undefined) throw new InvalidArgumentError(`Expected ${example}.`);
    return value;
  };

/** `targets suggest` */
export function registerSuggest(targets: Command, run: Runner): void {
  targets
    .command('suggest')
    .description('print which versions are worth a delta: devices, bytes saved, time to make')
    .argument('<to>', 'version to reach')
    .option('--by-tag <tag>', 'count the devices on this tag (default: the whole fleet)')
    .option(
      '--cover <share>',
      'serve this share of the devices, such as 99%',
      parsed(parseShare, 'a share such as 99%'),
    )
    .option('--max <n>', 'at most this many deltas', wholeNumber('--max', 1))
    .option('--max-bytes <size>', 'at most so much on the server, such as 2GiB', size('--max-bytes'))
    .option('--max-time <time>', 'at most so long to make them, such as 2h', parsed(parseDurationMs, '90min or 2h'))
    .option('--top <n>', `rows to print; ${DEFAULT_ROWS} unless given, all with --json`, wholeNumber('--top', 1))
    .option('--plan <plan>', 'plan file (default: the nearest release-plan.yml or plan.yml)')
    .option('--json', 'print one JSON document')
    .option(...RUN_COMMANDS_FLAG)
    .addHelpText(
      ...examples({
        'Find the fewest deltas for 99% of the devices on a tag':
          'release-plan targets suggest 0.9.0 --by-tag promoted --cover 99%',
        'Save as much as two hours of work and 2 GiB on the server allow':
          'release-plan targets suggest 0.9.0 --max-time 2h --max-bytes 2GiB',
        'The same for programs': 'release-plan targets suggest 0.9.0 --max 20 --json',
      }),
    )
    .action(async (to: string, flags: Flags) => {
      await run((context) => suggest(to, flags, context));
    });
}

async function suggest(to: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { plannedLimits, suggest: suggestFor } = await import('../../jobs/suggest.ts');
  const plan = await planOf(flags.plan, context);
  const given = limitsOf(flags);
  const limits = Object.keys(given).length === 0 ? plannedLimits(plan, to, flags.byTag) : given;
  const question = { to, limits, ...(flags.byTag === undefined ? {} : { tag: flags.byTag }) };
  const found = await suggestFor(plan, question, { ...context, runsCommands: flags.runCommands === true });
  context.diagnostics(found.fleet.bad.diagnostics);
  if (flags.json === true) {
    const { fleet, bases, ...rest } = found;
    const read = { source: fleet.source, devices: fleet.devices, badRows: fleet.bad.count };
    context.out(
      prettyJson({ schema: 1, ...rest, limits: asJson(limits), fleet: read, bases: bases.slice(0, flags.top) }),
    );
  } else {
    const { suggestionText } = await import('./suggest-text.ts');
    context.out(suggestionText(found, limits, flags.top ?? DEFAULT_ROWS));
  }
  return EXIT.ok;
}

const limitsOf = ({ cover, max, maxBytes, maxTime }: Flags): Limits => ({
  ...(cover === undefined ? {} : { cover }),
  ...(max === undefined ? {} : { max }),
  ...(maxBytes === undefined ? {} : { bytes: maxBytes }),
  ...(maxTime === undefined ? {} : { ms: maxTime }),
});

const asJson = ({ cover, max, bytes, ms }: Limits): object => ({
  cover: cover ?? null,
  max: max ?? null,
  bytes: bytes ?? null,
  ms: ms ?? null,
});
