import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { ToolName } from '../io/tools.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';

interface Flags {
  json?: boolean;
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
    .description('check required programs and name the packages to install')
    .option('--json', 'print one JSON document to stdout')
    .addHelpText(
      ...examples({
        'Check this machine': 'release-plan doctor',
        'Check before a long build': 'release-plan doctor && release-plan apply plan.yml',
        'List what is missing': "release-plan doctor --json | jq -r '.programs[] | select(.version == null) | .name'",
      }),
    )
    .action(async (flags: Flags) => {
      await run((context) => doctor(flags, context));
    });
};

async function doctor(flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { TOOLS } = await import('../io/tools.ts');
  const { prettyJson } = await import('../text/pretty-json.ts');
  const programs = await Promise.all((Object.keys(TOOLS) as ToolName[]).map(examine));
  const missing = programs.filter((one) => one.version === null);
  const exit = missing.length === 0 ? EXIT.ok : EXIT.environment;
  if (flags.json === true) context.out(prettyJson({ schema: 1, node: process.version, programs }));
  else await print(programs, context);
  return exit;
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

async function print(programs: readonly Program[], context: CommandContext): Promise<void> {
  const { formatRows } = await import('../text/rows.ts');
  const rows = programs.map((one): [string, string] => [one.name, inWords(one)]);
  context.out(formatRows([['node', process.version], ...rows]));
  const packages = new Set(programs.filter((one) => one.version === null).map((one) => one.debianPackage));
  if (packages.size > 0)
    context.out(`\nInstall the missing ones with: apt-get install ${[...packages].sort().join(' ')}\n`);
}

function inWords({ version, debianPackage, purpose, can, lacks }: Program): string {
  if (version === null) return `missing (Debian package ${debianPackage}): ${purpose}`;
  const abilities = [...can, ...lacks.map((one) => `not ${one}`)];
  return [`${version}: ${purpose}`, ...abilities].join('; ');
}
