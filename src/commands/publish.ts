import type { ExitCode } from '../core/codes/index.ts';
import type { DestinationOutcome, PublishJobResult } from '../jobs/publish.ts';
import { prettyJson } from '../text/pretty-json.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { WAIT_FLAG, waitOf } from './wait.ts';

interface Flags {
  to?: string[];
  dryRun?: boolean;
  wait?: string | boolean;
  json?: boolean;
}

export const registerPublish: RegisterCommand = (program, run) => {
  program
    .command('publish')
    .description(
      'bring proven packages to folders, buckets and update servers; what is there already is not sent again',
    )
    .argument('<plan>', 'plan file')
    .option('--to <name...>', 'only these destinations of the plan')
    .option('--dry-run', 'print what would be sent')
    .option(...WAIT_FLAG)
    .option('--json', 'print one JSON document')
    .addHelpText(
      ...examples({
        'Print what would be sent': 'release-plan publish --dry-run plan.yml',
        'Publish to two destinations': 'release-plan publish plan.yml --to lab cdn',
      }),
    )
    .action(async (file: string, flags: Flags) => {
      await run((context) => publishPlan(file, flags, context));
    });
};

async function publishPlan(file: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { requirePlan } = await import('../plan/load.ts');
  const { publish } = await import('../jobs/publish.ts');
  const { plan } = await requirePlan(file, { cwd: context.cwd });
  const dryRun = flags.dryRun === true;
  const result = await publish(plan, context, { to: flags.to, dryRun, waitMs: waitOf(flags.wait) });
  context.out(
    flags.json === true
      ? prettyJson({ schema: 1, dryRun, ...publishedDocument(result) })
      : await publishedInWords(result),
  );
  return result.exitCode;
}

/** What was published, for programs. */
export const publishedDocument = ({ destinations, unproven, exitCode }: PublishJobResult): object => ({
  exitCode,
  unproven,
  destinations: destinations.map(({ name, kind, address, outcome, plan, packages, repository, error }) => ({
    name,
    kind,
    address,
    ...outcome,
    ...(error === undefined ? {} : { code: error.code }),
    ...(plan === undefined ? {} : { packages: plan.items.map((one) => ({ ...named(one.package), ...one.presence })) }),
    ...(packages === undefined
      ? {}
      : {
          sentBytes: packages.sentBytes,
          packages: [
            ...packages.sent.map((one) => ({ ...named(one), state: 'sent' })),
            ...packages.present.map((one) => ({ ...named(one), state: 'present' })),
            ...packages.left.map((one) => ({ ...named(one.package), state: 'unsuited', detail: one.reason })),
          ],
        }),
    ...(repository === undefined ? {} : { repository }),
  })),
});

const named = (one: { fileName: string; version: string; sizeBytes: number; sha256: string }): object => ({
  file: one.fileName,
  version: one.version,
  sizeBytes: one.sizeBytes,
  sha256: one.sha256,
});

/** What was published, for people. */
export async function publishedInWords({ destinations, unproven }: PublishJobResult): Promise<string> {
  const { printable } = await import('../text/printable.ts');
  const { formatRows } = await import('../text/rows.ts');
  return [
    ...destinations.map((one) => `${printable(lineOf(one))}\n`),
    ...destinations.map((one) => formatRows(rowsOf(one))),
    ...unproven.map(({ subject, reason }) => `not published: ${printable(`${subject}: ${reason}`)}\n`),
  ].join('');
}

/** In one line: what to do about a failure stands where it was reported. */
const lineOf = ({ name, address, kind, error, outcome }: DestinationOutcome): string =>
  `${name} (${address || kind}): ${error?.message ?? outcome.message}`;

function rowsOf({ plan, packages }: DestinationOutcome): Array<[string, string]> {
  const planned = (plan?.items ?? []).map(({ package: one, presence }): [string, string] => [
    `  ${one.fileName}`,
    'detail' in presence ? `${presence.state}: ${presence.detail}` : presence.state,
  ]);
  const left = (packages?.left ?? []).map((one): [string, string] => [`  ${one.package.fileName}`, one.reason]);
  return [...planned, ...left];
}
