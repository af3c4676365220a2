import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { PlannedRollout, RolloutProgress } from '../jobs/rollout.ts';
import { prettyJson } from '../text/pretty-json.ts';
import { suggestion } from '../text/suggest.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { printable } from '../text/printable.ts';

interface Flags {
  tag: string;
  to?: string;
  force?: boolean;
  json?: boolean;
}

const VERBS = ['plan', 'start', 'status', 'pause', 'resume'] as const;

export const registerRollout: RegisterCommand = (program, run) => {
  program
    .command('rollout')
    .description(
      'a rollout on hawkBit: to each device on a tag the delta for the version that it runs, to the rest the full ' +
        'package; nothing starts without `start`',
    )
    .argument('<plan>', 'plan file')
    .argument('<version>', 'the version that devices are to run')
    .argument('<verb>', VERBS.join(', '))
    .requiredOption('-T, --tag <tag>', 'the devices: those that follow this tag')
    .option('--to <name>', 'the hawkBit destination, where the plan has several')
    .option('--force', 'start although deltas are missing, and say which')
    .option('--json', 'print one JSON document')
    .addHelpText(
      ...examples({
        'Print who gets which package': 'release-plan rollout plan.yml 0.3.0 plan --tag promoted',
        'Start it': 'release-plan rollout plan.yml 0.3.0 start --tag promoted',
        'Print how far it is': 'release-plan rollout plan.yml 0.3.0 status --tag promoted',
      }),
    )
    .action(async (file: string, version: string, verb: string, flags: Flags) => {
      await run((context) => rollout(file, version, verb, flags, context));
    });
};

async function rollout(
  file: string,
  version: string,
  given: string,
  flags: Flags,
  context: CommandContext,
): Promise<ExitCode> {
  const verb = VERBS.find((one) => one === given);
  if (verb === undefined)
    throw new ReleasePlanError('usage', `rollout knows no ${JSON.stringify(given)}`, {
      hint: suggestion(given, VERBS, 'verbs'),
    });
  const { requirePlan } = await import('../plan/load.ts');
  const { Rollout } = await import('../jobs/rollout.ts');
  const { plan } = await requirePlan(file, { cwd: context.cwd });
  const work = new Rollout(plan, { version, tag: flags.tag, to: flags.to }, context);
  const show = (document: object, text: string): void =>
    context.out(flags.json === true ? prettyJson({ schema: 1, ...document }) : text);
  switch (verb) {
    case 'plan': {
      const planned = await work.planned();
      show(planDocument(planned), await planInWords(planned));
      return planned.blockers.length === 0 && planned.plan.stranded === 0 ? EXIT.ok : EXIT.inconsistent;
    }
    case 'start': {
      const planned = await work.planned();
      await guard(planned, flags.force === true, context);
      const started = await work.start(planned);
      show({ ...planDocument(planned), started }, changedInWords(started, 'started'));
      return EXIT.ok;
    }
    case 'pause':
    case 'resume': {
      const changed = verb === 'pause' ? await work.pause() : await work.resume();
      show({ changed }, changedInWords(changed, `${verb}d`));
      return EXIT.ok;
    }
    case 'status': {
      const progress = await work.status();
      show(
        { rollouts: progress.rollouts.map((one) => ({ ...one, failedDevices: progress.failed.get(one.name) ?? [] })) },
        await progressInWords(progress),
      );
      return progress.rollouts.some(({ failed }) => failed > 0) ? EXIT.inconsistent : EXIT.ok;
    }
  }
}

/** The guard of `targets tag`: no promotion while a required delta is missing or unproven. */
async function guard({ blockers }: PlannedRollout, isForced: boolean, context: CommandContext): Promise<void> {
  const { blockerInWords, refuseBlocked } = await import('../delivery/fleet/guard.ts');
  if (!isForced) refuseBlocked(blockers);
  for (const blocker of blockers)
    context.report({ type: 'warning', message: `--force overrides: ${blockerInWords(blocker)}` });
}

/** A planned rollout for programs. */
export const planDocument = ({ plan: { parts, ...rest }, destination, unproven }: PlannedRollout): object => ({
  destination,
  ...rest,
  parts: parts.map(({ package: one, ...part }) => ({ ...part, file: one.fileName, sizeBytes: one.sizeBytes })),
  unproven,
});

const partName = ({ base, refused }: PlannedRollout['plan']['parts'][number]): string => {
  if (base !== undefined) return `from ${base}, delta`;
  return `${refused.length > 0 ? 'refused their delta' : 'the rest'}, full package`;
};

async function planInWords({ plan, destination, blockers, unproven }: PlannedRollout): Promise<string> {
  const { formatColumns } = await import('../text/rows.ts');
  const { formatBytes, wireText } = await import('../text/bytes.ts');
  const { blockerInWords } = await import('../delivery/fleet/guard.ts');
  const rows = plan.parts.map((part) => [
    partName(part),
    String(part.devices),
    formatBytes(part.package.sizeBytes),
    formatBytes(part.wireBytes),
  ]);
  const others: Array<[count: number, what: string]> = [
    [plan.there, 'run it already'],
    [plan.newer, 'run a newer version and stay'],
    [plan.otherHardware, 'are other hardware, or do not say which'],
    [plan.stranded, 'HAVE NO PACKAGE: there is no full one'],
  ];
  return [
    `${plan.version} to the devices on ${printable(plan.tag)}, by ${printable(destination)}, in this order:\n`,
    rows.length === 0 ? 'no device needs it\n' : formatColumns([['', 'devices', 'package', 'in all'], ...rows]),
    rows.length === 0 ? '' : `${wireText(plan.wireBytes, plan.fullWireBytes)}\n`,
    ...others.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}\n`),
    ...blockers.map((one) => `blocked: ${printable(blockerInWords(one))}\n`),
    ...unproven.map((one) => `not published: ${printable(one)}\n`),
  ].join('');
}

async function progressInWords({ rollouts, failed }: RolloutProgress): Promise<string> {
  const { formatColumns } = await import('../text/rows.ts');
  const head = ['rollout', 'state', 'devices', 'done', 'failed', 'left'];
  const row = (one: RolloutProgress['rollouts'][number] | RolloutProgress['rollouts'][number]['groups'][number]) => [
    one.state,
    ...[one.devices, one.finished, one.failed, one.devices - one.finished - one.failed].map(String),
  ];
  const rows = rollouts.flatMap((one) => [
    [one.name, ...row(one)],
    ...one.groups.map((group) => [`  ${group.name}`, ...row(group)]),
  ]);
  const { sumOfWires } = await import('../core/rollout.ts');
  const { wireText } = await import('../text/bytes.ts');
  const wire = sumOfWires(rollouts);
  return [
    formatColumns([head, ...rows]),
    wire === undefined ? '' : `${wireText(wire.bytes, wire.fullBytes)}\n`,
    ...[...failed].map(([name, devices]) => `failed in ${printable(`${name}: ${devices.join(', ')}`)}\n`),
  ].join('');
}

const changedInWords = (names: readonly string[], verb: string): string =>
  names.length === 0
    ? `Nothing to do: none was to be ${verb}.\n`
    : names.map((name) => `${verb} ${printable(name)}\n`).join('');
