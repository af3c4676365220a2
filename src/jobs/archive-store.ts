/** `archive push` and `archive pull`: an archive's folder and its store are made the same. */
import { withArchive } from '../archive/exclusive.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import type { Host } from '../delivery/host.ts';
import { checkStore, type Checking, type StoreCheck } from '../hosts/store/check.ts';
import { moveDocuments } from '../hosts/store/documents.ts';
import { subjectsHere } from '../hosts/store/here.ts';
import { archiveIdThere, joinArchive, requireSameArchive } from '../hosts/store/identity.ts';
import { bySubject, objectName, subjectText, versionOf, type Subject } from '../hosts/store/names.ts';
import { objectsOf } from '../hosts/store/objects-of.ts';
import { openStore } from '../hosts/store/open.ts';
import { planPull, pull } from '../hosts/store/pull.ts';
import { planPush, push } from '../hosts/store/push.ts';
import { storedDocuments } from '../hosts/store/stored-documents.ts';
import { followRemovals, restore } from '../hosts/store/removal.ts';
import { contentsOf, type RemovedThere, type StoreContents } from '../hosts/store/there.ts';
import { transferring, whileMoving, type Moved, type Transfer } from '../hosts/store/transfer.ts';
import { formatBytes } from '../text/bytes.ts';
import { suggestion } from '../text/suggest.ts';
import { rememberedReading } from './remembered.ts';

export interface MoveOptions {
  /** How long to wait for another run that holds the archive; 0 leaves at once. */
  waitMs: number;
  /** Only these versions and what leads to them; everything when undefined. */
  versions?: readonly string[] | undefined;
}

export interface MoveResult {
  /** The store's address. */
  store: string;
  moved: Moved[];
  documents: string[];
  /** Bytes that were moved. */
  bytes: number;
}

/**
 * Brings everything that the archive has of the product into its store.
 *
 * @throws ReleasePlanError `store-differs`, `store-damaged`, `archive-damaged`, `archive-other`, `server-*`, `locked`,
 *   `interrupted`
 */
export async function pushArchive(plan: Plan, host: Host, options: MoveOptions): Promise<MoveResult> {
  const { signal } = host;
  const settings = await settingsOf(plan, host);
  const { store } = settings;
  return await withArchive(plan, `archive push ${plan.file}`, { waitMs: options.waitMs, signal }, async (id) => {
    await requireSameArchive(plan, store, id, signal);
    return await moving(settings, `push to ${store.address}`, host, async (transfer) => {
      const subjects = chosen(await subjectsHere(plan), options.versions, plan.artifacts);
      const due = await planPush(transfer, subjects, await contents(transfer, host));
      if (due.removed.length > 0)
        host.report({
          type: 'warning',
          message: `not sent, because gc removed it from ${store.address}: ${due.removed.map(subjectText).join(', ')}`,
        });
      const moved = await push(transfer, due);
      return { moved, documents: await moveDocuments(transfer, storedDocuments(plan), 'push') };
    });
  });
}

/**
 * Brings everything that the store has of the product into the archive here.
 *
 * @throws as {@link pushArchive}; `disk-full`
 */
export async function pullArchive(plan: Plan, host: Host, options: MoveOptions): Promise<MoveResult> {
  const { signal } = host;
  const settings = await settingsOf(plan, host);
  const { store } = settings;
  await joinArchive(plan, store);
  return await withArchive(plan, `archive pull ${plan.file}`, { waitMs: options.waitMs, signal }, async () => {
    return await moving(settings, `pull from ${store.address}`, host, async (transfer) => {
      const all = await contents(transfer, host);
      const found = all.there;
      const gone = await followRemovals(transfer, all);
      if (gone.length > 0)
        host.report({ type: 'note', message: `moved to the trash, as in the store: ${gone.join(', ')}` });
      const wanted = new Set(
        chosen(
          [...found.values()].map(({ subject }) => subject),
          options.versions,
          store.address,
        ),
      );
      const due = await planPull(transfer, found, 'files', (subject) => wanted.has(subject));
      const moved = await pull(transfer, due, 'files');
      return { moved, documents: await moveDocuments(transfer, storedDocuments(plan), 'pull') };
    });
  });
}

/** What was restored, in words. */
export interface RestoreResult {
  store: string;
  restored: string[];
}

/**
 * Gives versions that gc removed their names in the store again, with everything that was removed of them; the folder
 * gets it with the next run.
 *
 * @throws ReleasePlanError `usage` for a version of which nothing can be restored; `store-damaged` when its content is
 *   not there; `server-*`, `locked`
 */
export async function restoreArchive(
  plan: Plan,
  host: Host,
  { waitMs, versions }: { waitMs: number; versions: readonly string[] },
): Promise<RestoreResult> {
  const { signal } = host;
  const settings = await settingsOf(plan, host);
  const { store } = settings;
  const place = `the trash of ${store.address}`;
  // Nothing is begun there.
  if ((await archiveIdThere(store)) === undefined) requireKnown(versions, new Set(), place);
  await joinArchive(plan, store);
  return await withArchive(plan, `archive restore ${plan.file}`, { waitMs, signal }, async (id) => {
    await requireSameArchive(plan, store, id, signal);
    const quiet = { ...settings, onSubject: () => undefined, onBytes: () => undefined };
    return await transferring(quiet, async (transfer) => {
      const { removed } = await contents(transfer, host);
      const restored: string[] = [];
      for (const one of restorable([...removed.values()], versions, place)) {
        for (const object of await objectsOf(transfer, plan, one.subject, one.removed))
          if ((await store.ageMs(object)) === undefined)
            throw new ReleasePlanError('store-damaged', `${store.address}/${objectName(object.sha256)} is missing`);
        if (await restore(transfer, one)) restored.push(subjectText(one.subject));
      }
      return { store: store.address, restored };
    });
  });
}

/** A version before what is made of it. */
function restorable(removed: readonly RemovedThere[], versions: readonly string[], place: string): RemovedThere[] {
  const kept = removed.filter((one) => one.removed.emptiedAt === undefined);
  requireKnown(versions, new Set(kept.map(({ subject }) => versionOf(subject))), place);
  return kept
    .filter(({ subject }) => versions.includes(versionOf(subject)))
    .toSorted((a, b) => bySubject(a.subject, b.subject));
}

/**
 * Reads everything that the store has of the product.
 *
 * @param repairs whether what the folder here has whole is sent again
 * @throws ReleasePlanError `server-*`, `interrupted`
 */
export async function checkArchiveStore(
  plan: Plan,
  host: Host,
  { repairs }: { repairs: boolean },
): Promise<StoreCheck & { store: string }> {
  const store = await openStore(plan, host);
  const { signal } = host;
  const done: { check?: StoreCheck } = {};
  await host.drive([
    {
      title: `verify ${store.address}`,
      async run(progress) {
        let bytes = 0;
        const checking: Checking = {
          plan,
          store,
          signal,
          onSubject: (what) => progress(`${what}, ${formatBytes(bytes)}`),
          onBytes: (more) => void (bytes += more),
        };
        const check = await whileMoving(checking, async () => await checkStore(checking, { repairs }));
        done.check = check;
        const left = check.problems.filter(({ isRepaired }) => !isRepaired);
        return left.length === 0
          ? { state: 'done', message: `${check.objects} objects, ${formatBytes(check.bytes)}` }
          : { state: 'failed', message: left.map(({ name, problem }) => `${name} ${problem}`).join('\n') };
      },
    },
  ]);
  if (done.check === undefined) throw new Error('the only task has run');
  return { ...done.check, store: store.address };
}

/** What a transfer needs before it is shown. */
type Settings = Omit<Transfer, 'seen' | 'onSubject' | 'onBytes'>;

async function settingsOf(plan: Plan, host: Host): Promise<Settings> {
  const store = await openStore(plan, host);
  // Whatever is in the store alone is what is to be brought.
  const { isElsewhere: _elsewhere, ...reading } = await rememberedReading(plan, host);
  return { plan, store, signal: host.signal, reading, storeWins: false };
}

/** Shows one task, with what moves. */
async function moving(
  settings: Settings,
  title: string,
  { drive }: Host,
  body: (transfer: Transfer) => Promise<Pick<MoveResult, 'moved' | 'documents'>>,
): Promise<MoveResult> {
  const done: { result?: MoveResult } = {};
  await drive([
    {
      title,
      async run(progress) {
        let bytes = 0;
        const onSubject = (subject: string): void => progress(`${subject}, ${formatBytes(bytes)}`);
        const onBytes = (more: number): void => void (bytes += more);
        const found = await transferring({ ...settings, onSubject, onBytes }, body);
        done.result = { store: settings.store.address, ...found, bytes };
        return { state: 'done', message: inWords(done.result) };
      },
    },
  ]);
  if (done.result === undefined) throw new Error('the only task has run');
  return done.result;
}

function inWords({ moved, bytes }: MoveResult): string {
  const count = moved.filter(({ state }) => state === 'moved').length;
  return count === 0 ? 'everything is there' : `${count} of ${moved.length} moved, ${formatBytes(bytes)}`;
}

async function contents({ store, plan, seen }: Transfer, { report }: Host): Promise<StoreContents> {
  const strangers: string[] = [];
  const found = await contentsOf(store, plan, seen, (name) => void strangers.push(name));
  if (strangers.length > 0)
    report({
      type: 'warning',
      message: `skipped in ${store.address}, because their names are not versions: ${strangers.join(', ')}`,
    });
  return found;
}

/** @throws ReleasePlanError `usage` for a version that there is none of */
function chosen(subjects: readonly Subject[], versions: readonly string[] | undefined, place: string): Subject[] {
  if (versions === undefined) return [...subjects];
  requireKnown(versions, new Set(subjects.flatMap((one) => (one.kind === 'version' ? [one.version] : []))), place);
  return subjects.filter((one) => versions.includes(versionOf(one)));
}

/** @throws ReleasePlanError `usage` */
function requireKnown(versions: readonly string[], known: ReadonlySet<string>, place: string): void {
  const unknown = versions.find((version) => !known.has(version));
  if (unknown === undefined) return;
  throw new ReleasePlanError('usage', `${place} has no version ${JSON.stringify(unknown)}`, {
    hint: suggestion(unknown, [...known], 'versions'),
  });
}
