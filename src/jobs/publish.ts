import { withArchive } from '../archive/exclusive.ts';
import { areHere } from '../archive/files-here.ts';
import { publishedFile } from '../archive/layout.ts';
import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { ReleasePlanError, failureToTell } from '../core/errors.ts';
import type { Task, TaskOutcome } from '../core/events.ts';
import type { DestinationSettings, Plan } from '../core/plan.ts';
import type { Publication, ReleasePackage, Unproven } from '../core/publication.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { readInputs } from '../delivery/inputs.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import type { Subject } from '../hosts/store/names.ts';
import { storedReading } from '../hosts/store/stored-reading.ts';
import { beginSession, joinStore, type StoreSession } from '../hosts/store/session.ts';
import type { Destination, MirrorResult } from '../publish/destination.ts';
import { openDestination } from '../publish/kinds.ts';
import { planPublish, publishTo, type PublishPlan, type PublishResult } from '../publish/publish.ts';
import { formatBytes } from '../text/bytes.ts';
import { Meter } from '../text/meter.ts';
import { suggestion } from '../text/suggest.ts';
import { recordStandings } from './rollout-standing.ts';

export interface PublishJobOptions {
  /** Names of destinations; all of the plan when undefined. */
  to?: readonly string[] | undefined;
  /** Look what would be sent, and send nothing. */
  dryRun: boolean;
  /** How long to wait for another run that holds the archive; 0 leaves at once. */
  waitMs: number;
}

/** What became of one destination. */
export interface DestinationOutcome {
  name: string;
  kind: string;
  address: string;
  outcome: TaskOutcome;
  /** What a dry run found of packages. */
  plan?: PublishPlan;
  /** What was done with packages. */
  packages?: PublishResult;
  /** What was done, or would be, with a repository. */
  repository?: MirrorResult;
  error?: ReleasePlanError;
}

export interface PublishJobResult {
  destinations: DestinationOutcome[];
  /** What the plan requires and does not go out. */
  unproven: Unproven[];
  exitCode: ExitCode;
}

/** A host, with the store behind the archive. */
export type PublishHost = Host & { store?: StoreSession | undefined };

/**
 * Brings what is proven to the plan's destinations, under the lock of the archive: nothing is removed meanwhile. A
 * destination that fails keeps no other from its packages.
 *
 * @throws ReleasePlanError `publish-unknown` for a name that the plan has not, `publish-nowhere`, `locked`,
 *   `interrupted`
 */
export async function publish(plan: Plan, host: Host, options: PublishJobOptions): Promise<PublishJobResult> {
  const chosen = chosenDestinations(plan, options.to);
  const { waitMs } = options;
  const joined = await joinStore(plan, host);
  return await withArchive(plan, `publish ${plan.file}`, { waitMs, signal: host.signal }, async (archiveId) => {
    const store = await beginSession(plan, joined, archiveId, host);
    const inputs = await readInputs(plan, { ...host, runsCommands: true });
    const snapshot = await deliveryOf(plan).survey(inputs, host, { reading: await storedReading(plan) });
    const result = await publishSnapshot(snapshot, chosen, { ...host, store }, options.dryRun);
    await store?.sendDocuments();
    return result;
  });
}

/** As {@link publish}, of what is known already; the caller holds the archive. */
export async function publishSnapshot(
  snapshot: Snapshot,
  chosen: readonly DestinationSettings[],
  host: PublishHost,
  dryRun: boolean,
): Promise<PublishJobResult> {
  const { plan } = snapshot.inputs;
  const publication = deliveryOf(plan).publication(snapshot);
  const destinations: DestinationOutcome[] = [];
  const tasks = chosen.map((settings): Task => ({
    title: `publish to ${settings.name}`,
    async run(progress) {
      host.signal.throwIfAborted();
      const found = await attempt(plan, settings, publication, host, dryRun, progress);
      destinations.push(found);
      return found.outcome;
    },
  }));
  await host.drive(tasks);
  const failed = destinations.find(({ error }) => error !== undefined)?.error;
  const ended = publication.unproven.length > 0 ? EXIT.inconsistent : EXIT.ok;
  return { destinations, unproven: publication.unproven, exitCode: failed?.exitCode ?? ended };
}

/** @throws ReleasePlanError `publish-unknown`, `publish-nowhere` */
function chosenDestinations(plan: Plan, names: readonly string[] | undefined): DestinationSettings[] {
  if (plan.publish.length === 0) throw new ReleasePlanError('publish-nowhere', `${plan.file} names no destination`);
  const known = plan.publish.map(({ name }) => name);
  for (const name of names ?? []) {
    if (known.includes(name)) continue;
    throw new ReleasePlanError('publish-unknown', `the plan has no destination ${JSON.stringify(name)}`, {
      hint: suggestion(name, known, 'destinations'),
    });
  }
  return names === undefined ? plan.publish : plan.publish.filter(({ name }) => names.includes(name));
}

async function attempt(
  plan: Plan,
  settings: DestinationSettings,
  publication: Publication,
  host: PublishHost,
  dryRun: boolean,
  progress: (message: string) => void,
): Promise<DestinationOutcome> {
  const { name, kind } = settings;
  let address = '';
  try {
    const { env, signal, report } = host;
    const destination = await openDestination(settings, { env, planDir: plan.dir, signal, report });
    address = destination.address;
    const done =
      publication.kind === 'packages'
        ? await publishPackages(plan, destination, publication.packages, host, dryRun, progress)
        : await publishRepository(destination, publication, dryRun, progress);
    if (!dryRun && publication.kind === 'packages')
      await recordStandings(plan, destination, new Set(publication.packages.map(({ version }) => version)), host);
    return { name, kind, address, ...done };
  } catch (error) {
    const known = failureToTell(error, host.signal);
    return { name, kind, address, outcome: { state: 'failed', message: known.inWords }, error: known };
  }
}

type Done = Pick<DestinationOutcome, 'outcome' | 'plan' | 'packages' | 'repository'>;

async function publishPackages(
  plan: Plan,
  destination: Destination,
  packages: readonly ReleasePackage[],
  { signal, report, store }: PublishHost,
  dryRun: boolean,
  progress: (message: string) => void,
): Promise<Done> {
  if (packages.length === 0) return { outcome: { state: 'done', message: 'no package is ready to be published' } };
  if (dryRun) {
    const found = await planPublish(destination, packages);
    const due = found.items.filter(({ presence: { state } }) => state === 'missing' || state === 'partial').length;
    return { plan: found, outcome: { state: 'done', message: sentInWords(due, found.sendBytes, dryRun) } };
  }
  await store?.bring(await missingOf(packages), 'files', progress);
  const options = { recordFile: publishedFile(plan), report, signal, progress };
  const result = await publishTo(destination, packages, options);
  return {
    packages: result,
    outcome: { state: 'done', message: sentInWords(result.sent.length, result.sentBytes, dryRun) },
  };
}

/** The packages whose files are in the store alone. */
async function missingOf(packages: readonly ReleasePackage[]): Promise<Subject[]> {
  const missing: Subject[] = [];
  for (const { path, base, version } of packages) {
    if (await areHere(path)) continue;
    missing.push(base === undefined ? { kind: 'full', version } : { kind: 'update', from: base.version, to: version });
  }
  return missing;
}

async function publishRepository(
  destination: Destination,
  { repo, unproven }: Extract<Publication, { kind: 'repository' }>,
  dryRun: boolean,
  progress: (message: string) => void,
): Promise<Done> {
  if (destination.mirror === undefined)
    throw new ReleasePlanError('publish-refused', `${destination.kind} takes no repository`);
  const [first] = unproven;
  if (first !== undefined)
    return {
      outcome: { state: 'skipped', message: `the repository is not proven: ${first.subject}, ${first.reason}` },
    };
  let meter = new Meter(0, progress);
  const result = await destination.mirror(
    repo,
    { onTotal: (bytes) => void (meter = new Meter(bytes, progress)), onBytes: (bytes) => meter.add(bytes) },
    { dryRun },
  );
  const message = sentInWords(result.sentFiles, result.sentBytes, dryRun, 'file');
  return { repository: result, outcome: { state: 'done', message } };
}

function sentInWords(count: number, bytes: number, dryRun: boolean, what = 'package'): string {
  if (count === 0) return 'everything is there';
  return `${count} ${what}${count === 1 ? '' : 's'}${dryRun ? ' to send' : ' sent'}, ${formatBytes(bytes)}`;
}
