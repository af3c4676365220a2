import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { ToolName } from '../io/tools.ts';
import type { HostCheck } from '../core/host-check.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { QUEUE_FLAG } from './queue.ts';

interface Flags {
  json?: boolean;
  queue?: string;
  store?: boolean;
}

/** One program, as found. */
interface Program {
  name: string;
  /** The line in which it says its version; null when it is not there. */
  version: string | null;
  debianPackage: string;
  purpose: string;
  can: string[];
  lacks: string[];
}

export const registerDoctor: RegisterCommand = (program, run) => {
  program
    .command('doctor')
    .description('check required programs, and whether this host can work on a plan with others')
    .argument('[plan]', 'plan file: whether this host can build it, make deltas, and sign')
    .option(QUEUE_FLAG, 'also ask the redis server of a queue')
    .option('--store', 'also ask the store of the plan; writes and removes one small file there')
    .option('--json', 'print one JSON document to stdout')
    .addHelpText(
      ...examples({
        'Check this machine': 'release-plan doctor',
        'Check before a long build': 'release-plan doctor && release-plan apply plan.yml',
        'Check a host that is to work for others': 'release-plan doctor plan.yml --store --queue redis://queue.example',
        'List what is missing': "release-plan doctor --json | jq -r '.programs[] | select(.version == null) | .name'",
      }),
    )
    .action(async (plan: string | undefined, flags: Flags) => {
      await run((context) => doctor(plan, flags, context));
    });
};

async function doctor(file: string | undefined, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const checks = await checksOf(file, flags, context);
  const { TOOLS } = await import('../io/tools.ts');
  const { prettyJson } = await import('../text/pretty-json.ts');
  const programs = await Promise.all((Object.keys(TOOLS) as ToolName[]).map(examine));
  const missing = programs.filter((one) => one.version === null);
  const hasFailed = missing.length > 0 || checks?.some(({ state }) => state === 'failed') === true;
  if (flags.json === true)
    context.out(
      prettyJson({ schema: 1, node: process.version, programs, ...(checks === undefined ? {} : { checks }) }),
    );
  else await print(programs, checks ?? [], context);
  return hasFailed ? EXIT.environment : EXIT.ok;
}

/** What was asked beside programs; undefined for nothing. */
async function checksOf(
  file: string | undefined,
  { queue, store = false }: Flags,
  context: CommandContext,
): Promise<HostCheck[] | undefined> {
  if (file === undefined && queue === undefined && !store) return undefined;
  if (store && file === undefined)
    throw new ReleasePlanError('usage', '--store asks the store of a plan, but there is no plan', {
      hint: 'Pass the plan: release-plan doctor plan.yml --store',
    });
  const { hostChecks } = await import('../jobs/doctor.ts');
  const { queueAddress } = await import('../hosts/queue/address.ts');
  const { requirePlan } = await import('../plan/load.ts');
  const plan = file === undefined ? undefined : (await requirePlan(file, { cwd: context.cwd })).plan;
  const address = queue === undefined ? undefined : queueAddress(queue, context.env);
  return await hostChecks({ plan, queue: address, store }, context);
}

/** A program that is there and cannot say its version counts as missing: it cannot be run. */
async function examine(name: ToolName): Promise<Program> {
  const { TOOLS } = await import('../io/tools.ts');
  const { toolVersion } = await import('../io/process.ts');
  const { abilitiesOf } = await import('./doctor-facts.ts');
  const { debian: debianPackage, purpose } = TOOLS[name];
  const common = { name, debianPackage, purpose };
  try {
    const version = await toolVersion(name);
    return { ...common, version, ...abilitiesOf(name, version) };
  } catch (error) {
    if (!(error instanceof ReleasePlanError)) throw error;
    return { ...common, version: null, can: [], lacks: [] };
  }
}

async function print(
  programs: readonly Program[],
  checks: readonly HostCheck[],
  context: CommandContext,
): Promise<void> {
  const { printable } = await import('../text/printable.ts');
  const { formatRows } = await import('../text/rows.ts');
  const rows = programs.map((one): [string, string] => [one.name, inWords(one)]);
  context.out(formatRows([['node', process.version], ...rows]));
  if (checks.length > 0) {
    const words = { ok: '', limited: 'LIMITED: ', failed: 'FAILED: ' } as const;
    context.out(
      `\n${formatRows(checks.map(({ name, state, detail }) => [name, printable(`${words[state]}${detail}`)]))}`,
    );
  }
  const packages = new Set(programs.filter((one) => one.version === null).map((one) => one.debianPackage));
  if (packages.size > 0)
    context.out(`\nInstall the missing ones with: apt-get install ${[...packages].sort().join(' ')}\n`);
}

function inWords({ version, debianPackage, purpose, can, lacks }: Program): string {
  if (version === null) return `missing (Debian package ${debianPackage}): ${purpose}`;
  const abilities = [...can, ...lacks.map((one) => `not ${one}`)];
  return [`${version}: ${purpose}`, ...abilities].join('; ');
}
