import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Target } from '../../fleet/registry.ts';
import type { PublishedPackage } from '../../publish/record.ts';
import { examples } from '../examples.ts';
import type { CommandContext, Runner } from '../host.ts';
import { asJson } from './list.ts';
import { planOf } from './plan.ts';
import { table } from './table.ts';
import { prettyJson } from '../../text/pretty-json.ts';
import { printable } from '../../text/printable.ts';

interface Flags {
  plan?: string;
  productionTag?: string;
  raw?: boolean;
  json?: boolean;
}

/** `targets show` */
export function registerShow(targets: Command, run: Runner): void {
  targets
    .command('show')
    .description('show the Targets of a version, or one Target by name')
    .argument('<version|name>', 'version or name of a Target')
    .option('--production-tag <tag>', 'only among the Targets with this tag')
    .option('-r, --raw', 'print `custom` of each Target as JSON, with the hash in base64, as fioctl does')
    .option('--plan <plan>', 'plan file (default: the nearest release-plan.yml or plan.yml)')
    .option('--json', 'print one JSON document')
    .addHelpText(
      ...examples({
        'Show a version': 'release-plan targets show 0.2.0',
        'The same for programs': 'release-plan targets show --json 0.2.0',
      }),
    )
    .action(async (wanted: string, flags: Flags) => {
      await run((context) => show(wanted, flags, context));
    });
}

async function show(wanted: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { deliveryOf } = await import('../../delivery/index.ts');
  const { registryFile } = await import('../../delivery/inputs.ts');
  const { readRegistry } = await import('../../fleet/registry-file.ts');
  const { targetsOf } = await import('../../fleet/running.ts');
  const { suggestion } = await import('../../text/suggest.ts');
  const plan = await planOf(flags.plan, context);
  const { productionTag: tag } = flags;
  const known = targetsOf(await readRegistry(registryFile(plan)), deliveryOf(plan).format).filter(
    (target) => tag === undefined || target.tags.includes(tag),
  );
  const found = known.filter((target) => target.version === wanted || target.name === wanted);
  if (found.length === 0) {
    throw new ReleasePlanError('target-unknown', `no Target found for ${JSON.stringify(wanted)}`, {
      hint: suggestion(
        wanted,
        known.flatMap(({ name, version }) => [version, name]),
        'Targets',
      ),
    });
  }
  if (flags.raw === true) {
    context.out(byName(found).map(rawOf).join(''));
    return EXIT.ok;
  }
  const { readRecord } = await import('../../publish/record.ts');
  const { publishedFile } = await import('../../archive/layout.ts');
  const versions = new Set(found.map((target) => target.version));
  const published = (await readRecord(publishedFile(plan))).filter((one) => versions.has(one.version));
  if (flags.json === true)
    context.out(
      prettyJson({ schema: 1, targets: found.map(asJson), ...(published.length === 0 ? {} : { published }) }),
    );
  else
    context.out(
      [...byName(found).map(describe), ...(published.length === 0 ? [] : [publishedTable(published)])].join('\n'),
    );
  return EXIT.ok;
}

const byName = (targets: readonly Target[]): Target[] => targets.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** fioctl's lines: scripts cut them apart. */
function rawOf({ name, sha256, custom }: Target): string {
  const json = JSON.stringify(custom, undefined, '\t').replaceAll('\n', '\n\t');
  return `\n## Target: ${name}\n   Hash:   ${Buffer.from(sha256, 'hex').toString('base64')}\n\t${json}\n`;
}

const publishedTable = (published: readonly PublishedPackage[]): string =>
  table(
    ['PUBLISHED', 'TO', 'AT', 'PLACE'],
    published.map(({ fileName, destination, at, place }) => [fileName, destination, at, place]),
  );

function describe({ name, sha256, commit, tags, hardwareIds, custom }: Target): string {
  const fields: Array<[string, unknown]> = [
    ['Created', custom.createdAt],
    ['Tags', tags.join(',')],
    ['Hardware', hardwareIds.join(',')],
    [commit === undefined ? 'Manifest' : 'OSTree Hash', sha256],
    ['Origin Target', typeof custom.origUri === 'string' ? custom.origUri.split('/').pop() : undefined],
    ['Build', custom.uri],
  ];
  const lines = fields.flatMap(([title, value]) =>
    typeof value === 'string' && value !== '' ? [`\t${`${title}:`.padEnd(15)}${printable(value)}\n`] : [],
  );
  const apps =
    typeof custom.docker_compose_apps === 'object' && custom.docker_compose_apps !== null
      ? Object.entries(custom.docker_compose_apps as Record<string, { uri?: string }>)
      : [];
  const rows = apps
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([app, { uri = '' }]) => [app, uri.split('@').pop() ?? '']);
  const appTable = rows.length === 0 ? '' : `\n${table(['APP', 'HASH'], rows)}`;
  return `## Target: ${printable(name)}\n${lines.join('')}${appTable}`;
}
