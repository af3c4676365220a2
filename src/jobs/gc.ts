import { join } from 'node:path';
import { withArchive } from '../archive/exclusive.ts';
import { updatePlace } from '../archive/inventory.ts';
import { MANIFEST, productDir, publishedFile } from '../archive/layout.ts';
import { decideRetention, type RetentionFacts, type Verdict } from '../archive/retention.ts';
import { expiredBatches, listTrash, moveToTrash, removeBatches, trashMsOf, type TrashBatch } from '../archive/trash.ts';
import { bytesOf, type ArchiveState } from '../core/archive.ts';
import { PairMap, pairText } from '../core/pair.ts';
import type { Plan } from '../core/plan.ts';
import type { Unneeded } from '../delivery/delivery.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { readInputs } from '../delivery/inputs.ts';
import { beginSession, joinStore, StoreSession } from '../hosts/store/session.ts';
import { storedReading } from '../hosts/store/stored-reading.ts';
import { sizeOf as fileSize } from '../io/hash.ts';
import { readRecord } from '../publish/record.ts';
import { archivedSubjects } from './archived.ts';
import { gcStore, type StoreGc } from './gc-store.ts';

/** A verdict, and what it is about in bytes. */
export interface SizedVerdict extends Verdict {
  /** A version or a pair, in words. */
  subject: string;
  /** Of a version: with its updates. */
  sizeBytes: number;
}

export interface GcResult {
  verdicts: SizedVerdict[];
  /** Where what was removed lies now; absent when nothing was. */
  trash?: string;
  /** Batches of the trash that have waited for long enough; removed unless it was a dry run. */
  expired: TrashBatch[];
  /** What became of the store; absent for a plan without one. */
  store?: StoreGc;
}

export interface GcOptions {
  dryRun: boolean;
  waitMs: number;
  now: Date;
  /** Also what was published. */
  published: boolean;
}

/**
 * Moves into the trash what the plan's retention rule does not keep, and
 * empties what has lain there for long enough. A version that a device runs
 * stays, whatever the rule says. With a store, what that has decides, and it leaves the store first.
 *
 * @throws ReleasePlanError `gc-undecided`, before anything is touched, when it
 *   cannot be told who needs what; `archive-unreadable`; `usage` where no retention rule applies; `locked`; `server-*`
 */
export async function gc(plan: Plan, host: Host, options: GcOptions): Promise<GcResult> {
  const joined = await joinStore(plan, host);
  const { waitMs, dryRun, now } = options;
  if (dryRun) {
    const session = joined === undefined ? undefined : new StoreSession(plan, joined, host);
    await session?.look();
    const { running, ...decided } = await decide(plan, host, options);
    const question = { running, doomed: doomedOf(decided), dryRun, now };
    return { ...decided, ...(await gcStore(plan, host, session, joined, question)) };
  }
  return await withArchive(plan, `gc ${plan.file}`, { waitMs, signal: host.signal }, async (archiveId) => {
    const session = await beginSession(plan, joined, archiveId, host);
    const { running, ...decided } = await decide(plan, host, options);
    const doomed = doomedOf(decided);
    const store = await gcStore(plan, host, session, joined, { running, doomed, dryRun, now });
    const trash = doomed.length === 0 ? undefined : await moveToTrash(plan, doomed.map(folderOf), now);
    await removeBatches(plan, decided.expired);
    return { ...decided, ...(trash === undefined ? {} : { trash }), ...store };
  });
}

const doomedOf = ({ verdicts }: Pick<GcResult, 'verdicts'>): SizedVerdict[] =>
  verdicts.filter((one) => one.verdict === 'remove');

const folderOf = ({ of: { from, to } }: Verdict): string => (from === undefined ? to : updatePlace({ from, to }));

async function decide(
  plan: Plan,
  host: Host,
  { now, published }: GcOptions,
): Promise<GcResult & Pick<Unneeded, 'running'>> {
  const delivery = deliveryOf(plan);
  const archived = await archivedSubjects(plan, host);
  const { facts, archive, running } = await delivery.retention(
    await readInputs(plan, host),
    archived,
    await storedReading(plan),
  );
  const verdicts = decideRetention(plan.retention, {
    ...archived,
    ...facts,
    ...(published ? {} : { published: await publishedOf(plan) }),
  });
  return {
    verdicts: verdicts.map((one) => ({
      ...one,
      subject: one.of.from === undefined ? one.of.to : pairText({ from: one.of.from, to: one.of.to }),
      sizeBytes: sizeOf(one, archive),
    })),
    expired: await expiredTrash(plan, running, host, now),
    running,
  };
}

/** What was published of the product, and to which destination. */
async function publishedOf(plan: Plan): Promise<NonNullable<RetentionFacts['published']>> {
  const versions = new Map<string, string>();
  const pairs = new PairMap<string>();
  for (const { version, base, destination } of await readRecord(publishedFile(plan))) {
    versions.set(version, destination);
    if (base !== undefined) pairs.set({ from: base, to: version }, destination);
  }
  return { versions, pairs };
}

/**
 * What may be emptied from the trash: not a version that a device runs again,
 * which is told of.
 */
export async function expiredTrash(
  plan: Plan,
  running: Unneeded['running'],
  host: Pick<Host, 'report'>,
  now: Date,
): Promise<TrashBatch[]> {
  const expired = expiredBatches(await listTrash(plan), {
    nowMs: now.getTime(),
    trashMs: trashMsOf(plan),
  });
  const free: TrashBatch[] = [];
  for (const batch of expired) {
    const back = await versionsIn(batch.dir, running);
    if (back.length === 0) free.push(batch);
    else
      host.report({
        type: 'warning',
        message:
          `devices run ${back.join(', ')}, which is in the trash and stays there; to restore it: ` +
          `${back.map((one) => `mv ${join(batch.dir, one)} ${productDir(plan)}/`).join('; ')}`,
      });
  }
  return free;
}

/** Those of some versions that lie in a batch of the trash; a folder that holds updates alone is none. */
async function versionsIn(dir: string, running: Unneeded['running']): Promise<string[]> {
  const found: string[] = [];
  for (const version of running?.keys() ?? [])
    if ((await fileSize(join(dir, version, MANIFEST))) !== undefined) found.push(version);
  return found;
}

function sizeOf({ of: { from, to } }: Verdict, { versions, updates, fulls }: ArchiveState): number {
  if (from !== undefined) return bytesOf(updates.get({ from, to }));
  const into = [...updates].filter(([pair]) => pair.to === to).map(([, entry]) => entry);
  return into.reduce((sum, entry) => sum + bytesOf(entry), bytesOf(versions.get(to)) + bytesOf(fulls.get(to)));
}
