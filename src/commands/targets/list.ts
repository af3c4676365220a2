import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Registry, Target } from '../../fleet/registry.ts';
import { examples } from '../examples.ts';
import type { CommandContext, Runner } from '../host.ts';
import { planOf } from './plan.ts';
import { table } from './table.ts';
import { prettyJson, visibleJson } from '../../text/pretty-json.ts';

interface Flags {
  plan?: string;
  byTag?: string;
  columns?: string[];
  raw?: boolean;
  production?: boolean;
  json?: boolean;
}

/** What each column shows; the names are fioctl's. */
const COLUMNS: Readonly<Record<string, (target: Target) => string>> = {
  'version': ({ version }) => version,
  'tags': ({ tags }) => tags.join(','),
  'apps': ({ custom }) => Object.keys(objectOf(custom.docker_compose_apps)).toSorted().join(','),
  'origin': ({ custom }) => lastPart(custom.origUri),
  'hardware-ids': ({ hardwareIds }) => hardwareIds.join(','),
  'name': ({ name }) => name,
  'manifest-sha': ({ custom }) => textOf(custom['lmp-manifest-sha']),
  'overrides-sha': ({ custom }) => textOf(custom['meta-subscriber-overrides-sha']),
  'containers-sha': ({ custom }) => textOf(custom['containers-sha']),
};

/** What is shown unless columns are chosen, as in fioctl. */
const USUAL = ['version', 'tags', 'apps', 'origin'];

/** The usual columns, and the machine where the registry is of several. */
const usualFor = (targets: readonly Target[]): string[] =>
  new Set(targets.flatMap(({ hardwareIds }) => hardwareIds)).size > 1
    ? ['version', 'hardware-ids', ...USUAL.slice(1)]
    : USUAL;

/** `targets list` */
export function registerList(targets: Command, run: Runner): void {
  targets
    .command('list')
    .description('list the versions in the registry and their tags')
    .option('--by-tag <tag>', 'list only Targets with this tag')
    .option(
      '--columns <names>',
      `columns to print, comma-separated or repeated: ${Object.keys(COLUMNS).join(', ')} (default: ` +
        `${USUAL.join(',')}; with hardware-ids where there are several)`,
      (text: string, before: string[] | undefined) => [...(before ?? []), ...text.split(',')],
    )
    .option('-r, --raw', 'print targets.json unchanged')
    .option('--production', 'with --by-tag: what devices on this tag are offered; --raw then prints no other Targets')
    .option('--plan <plan>', 'plan file (default: the nearest release-plan.yml or plan.yml)')
    .option('--json', 'print one JSON document')
    .addHelpText(
      ...examples({
        'List all versions and their tags': 'release-plan targets list',
        'List the names of what is promoted': 'release-plan targets list --by-tag promoted --columns name,version',
      }),
    )
    .action(async (flags: Flags) => {
      await run((context) => list(flags, context));
    });
}

async function list(flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { deliveryOf } = await import('../../delivery/index.ts');
  const { registryFile } = await import('../../delivery/inputs.ts');
  const { readRegistry } = await import('../../fleet/registry-file.ts');
  const { targetsOf } = await import('../../fleet/running.ts');
  const { compareReported } = await import('../../plan/version.ts');
  if (flags.production === true && flags.byTag === undefined)
    throw new ReleasePlanError('usage', '--production flag requires --by-tag flag');
  const plan = await planOf(flags.plan, context);
  const registry = await readRegistry(registryFile(plan));
  if (flags.raw === true) {
    context.out(visibleJson(flags.production === true ? await rawOfTag(registry, flags.byTag ?? '') : registry.text));
    return EXIT.ok;
  }
  const found = targetsOf(registry, deliveryOf(plan).format)
    .filter((target) => flags.byTag === undefined || target.tags.includes(flags.byTag))
    .toSorted((a, b) => compareReported(a.version, b.version));
  if (flags.json === true) context.out(prettyJson({ schema: 1, targets: found.map(asJson) }));
  else {
    const names = (flags.columns ?? usualFor(found)).map((name) => name.trim());
    const columns = names.map(columnOf);
    // One line per version and tags, as fioctl: builds for several kinds of hardware belong together.
    const lines = new Map(found.map((target) => [JSON.stringify([target.version, target.tags]), target]));
    const shown = names.includes('name')
      ? found
      : [...lines.values()].map((first) => ({
          ...first,
          hardwareIds: found.filter((one) => sameLine(one, first)).flatMap((one) => one.hardwareIds),
        }));
    context.out(
      table(
        names.map((name) => name.toUpperCase()),
        shown.map((target) => columns.map((column) => column(target))),
      ),
    );
  }
  return EXIT.ok;
}

/** The document with the Targets of one tag alone; its signatures would not hold, so it has none. */
async function rawOfTag(registry: Registry, tag: string): Promise<string> {
  const { editRegistry, removeTarget } = await import('../../fleet/registry-edit.ts');
  const others = registry.targets.filter((target) => !target.tags.includes(tag)).map(({ name }) => removeTarget(name));
  return editRegistry(registry, others, { keepsVersion: true }).text;
}

/** A Target for programs. */
export const asJson = ({ name, version, sha256, tags, hardwareIds, format, custom }: Target): object => ({
  name,
  version,
  sha256,
  tags,
  hardwareIds,
  format,
  custom,
});

function columnOf(name: string): (target: Target) => string {
  const column = COLUMNS[name];
  if (column === undefined)
    throw new ReleasePlanError('usage', `unknown column ${JSON.stringify(name)} in --columns`, {
      hint: `Use ${Object.keys(COLUMNS).join(', ')}.`,
    });
  return column;
}

const sameLine = (a: Target, b: Target): boolean => a.version === b.version && a.tags.join() === b.tags.join();

const objectOf = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const lastPart = (uri: unknown): string =>
  textOf(uri)
    .split('/')
    .filter((part) => part !== '')
    .pop() ?? '';
