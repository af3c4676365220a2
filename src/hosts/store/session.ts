/** A run with a store behind its archive's folder: brings what is needed, and takes there what was made. */
import type { Plan } from '../../core/plan.ts';
import type { WorkStep } from '../../core/step.ts';
import type { Made, Prepared } from '../../delivery/delivery.ts';
import { deliveryOf } from '../../delivery/index.ts';
import type { Snapshot } from '../../delivery/snapshot.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Checking } from './check.ts';
import { moveDocuments } from './documents.ts';
import { subjectsHere } from './here.ts';
import { archiveIdThere, joinArchive, requireSameArchive } from './identity.ts';
import { refName, subjectText, type Subject } from './names.ts';
import { readStoreShare, storeShare, type StoreShare, type StoreShareRead } from './night-share.ts';
import { openStore, type StoreHost } from './open.ts';
import { planPull, pull, type Extent } from './pull.ts';
import { planPush, push, requireNotInTrash } from './push.ts';
import type { PruneStore, WriteStore } from './store.ts';
import { storedDocuments } from './stored-documents.ts';
import { empty, expired, followRemovals, followRemovalsUnheld, removalOf, remove } from './removal.ts';
import { contentsFor, contentsOf, namedThere, type StoreContents } from './there.ts';
import { transferring, type Transfer } from './transfer.ts';
import { bringUnnamed, requireDigest, sendUnnamed, type Digests } from './unnamed.ts';

export type Progress = (message: string) => void;

/**
 * Joins the folder to the archive of the store, before the archive is opened.
 *
 * @returns the store; undefined for a plan without one
 * @throws ReleasePlanError `archive-other`, `server-*`, `secret-*`: without its store nothing is known of an archive
 */
export async function joinStore(plan: Plan, host: StoreHost): Promise<PruneStore | undefined> {
  if (plan.store === undefined) return undefined;
  const store = await openStore(plan, host);
  await joinArchive(plan, store);
  return store;
}

/**
 * Begins a run with the store that {@link joinStore} gave; undefined without one.
 *
 * @param archiveId of the archive, which is held
 * @throws as {@link StoreSession.begin}
 */
export async function beginSession(
  plan: Plan,
  joined: WriteStore | undefined,
  archiveId: string,
  host: StoreHost,
): Promise<StoreSession | undefined> {
  if (joined === undefined) return undefined;
  const session = new StoreSession(plan, joined, host);
  await session.begin(archiveId);
  return session;
}

/**
 * Brings the manifests of everything, for commands that only look; nothing for a plan without a store.
 *
 * @throws as {@link StoreSession.look}
 */
export async function lookIntoStore(plan: Plan, host: StoreHost): Promise<void> {
  const joined = await joinStore(plan, host);
  if (joined !== undefined) await new StoreSession(plan, joined, host).look();
}

export class StoreSession {
  readonly #plan: Plan;
  readonly #host: StoreHost;
  readonly #store: WriteStore;

  constructor(plan: Plan, store: WriteStore, host: StoreHost) {
    this.#plan = plan;
    this.#host = host;
    this.#store = store;
  }

  /**
   * Before a run decides anything: takes to the store what an interrupted run
   * did not, and brings the manifests and documents of everything. What gc of another host removed leaves the folder.
   *
   * @param archiveId of the folder, which becomes the store's where that is empty
   * @throws ReleasePlanError `store-differs`, `store-damaged`, `archive-other`, `server-*`
   */
  async begin(archiveId: string): Promise<void> {
    await requireSameArchive(this.#plan, this.#store, archiveId, this.#host.signal);
    await this.#moving(undefined, async (transfer) => {
      const contents = await this.#contents(transfer);
      const { there } = contents;
      await this.#followRemovals(transfer, contents);
      await pull(transfer, await planPull(transfer, there, 'manifests'), 'manifests');
      // What the store had once and has no more was removed there.
      const isNew = (subject: Subject): boolean => {
        const name = refName(this.#plan, subject);
        return there.has(name) || !transfer.seen.refs.has(name);
      };
      const here = (await subjectsHere(this.#plan)).filter(isNew);
      await push(transfer, await planPush(transfer, here, contents));
      await moveDocuments(transfer, storedDocuments(this.#plan), 'pull');
    });
  }

  /**
   * For commands that only look: the manifests of everything. Nothing where the store is empty.
   *
   * @throws ReleasePlanError `store-differs`, `store-damaged`, `server-*`
   */
  async look(): Promise<void> {
    if ((await archiveIdThere(this.#store)) === undefined) return;
    await this.#moving(undefined, async (transfer) => {
      const contents = await this.#contents(transfer);
      await followRemovalsUnheld(transfer, contents);
      await pull(transfer, await planPull(transfer, contents.there, 'manifests'), 'manifests');
      await moveDocuments(transfer, storedDocuments(this.#plan), 'pull');
    });
  }

  /**
   * Brings some things here that another host may just have made; what neither side has is left out.
   *
   * @throws ReleasePlanError `store-damaged`, `disk-full`, `server-*`
   */
  async bring(subjects: readonly Subject[], extent: Extent = 'files', progress?: Progress): Promise<void> {
    await this.#moving(progress, async (transfer) => {
      const { there } = await contentsFor(this.#store, this.#plan, subjects);
      await pull(transfer, await planPull(transfer, there, extent), extent);
    });
  }

  /**
   * Reads every file of the folder, and brings those that are missing or damaged here.
   *
   * @returns the subjects that they belong to, in words
   * @throws ReleasePlanError as {@link bring}; `store-differs`
   */
  async bringWhole(): Promise<string[]> {
    return await this.#moving(undefined, async (given) => {
      const transfer: Transfer = { ...given, reading: {} };
      const { there } = await this.#contents(transfer);
      const moved = await pull(transfer, await planPull(transfer, there, 'files'), 'files');
      return moved.filter(({ state }) => state === 'moved').map(({ subject }) => subjectText(subject));
    });
  }

  /**
   * Takes there what a step made. An update that another host made meanwhile with other bytes (another time, another
   * signature) is the one that counts, and is brought here.
   *
   * @returns whether it is the one that was made here
   * @throws ReleasePlanError `store-differs` for a version that another host made with other bytes, `store-removed` for
   *   one that gc removed; `server-*`
   */
  async send(subject: Subject, progress?: Progress): Promise<boolean> {
    try {
      await this.#moving(progress, async (transfer) => {
        const contents = await contentsFor(this.#store, this.#plan, [subject]);
        await push(transfer, await planPush(transfer, [subject], contents));
      });
      return true;
    } catch (error) {
      const isSecond = error instanceof ReleasePlanError && error.code === 'store-differs';
      if (!isSecond || subject.kind === 'version') throw error;
    }
    await this.bring([subject], 'files', progress);
    return false;
  }

  /**
   * Sends what another host is to finish, under no name.
   *
   * @returns what its files hold
   * @throws ReleasePlanError as {@link bring}
   */
  async sendUnnamed({ dir, files }: Prepared, progress?: Progress): Promise<Digests> {
    return await this.#moving(progress, async (transfer) => await sendUnnamed(transfer, dir, files));
  }

  /**
   * Brings what another host sent with {@link sendUnnamed}. No name and no digest of that host is used that is none.
   *
   * @throws ReleasePlanError as {@link bring}
   */
  async bringUnnamed({ dir, files }: Prepared, digests: Digests, progress?: Progress): Promise<void> {
    const wanted = new Map(files.map((name) => [name, requireDigest(digests[name], name)]));
    await this.#moving(progress, async (transfer) => await bringUnnamed(transfer, dir, wanted));
  }

  /**
   * Before a version is built, which may take hours.
   *
   * @throws ReleasePlanError `store-removed` when it can be restored in place of that
   */
  async requireNotInTrash(subject: Subject): Promise<void> {
    const found = await namedThere(this.#store, this.#plan, subject);
    if (found !== undefined && 'removed' in found) requireNotInTrash(found, this.#store, ', so it is not built anew');
  }

  /**
   * For gc: takes subjects out of the store, with everything that is made of them. Interrupted, some are there still.
   *
   * @param versions and updates
   * @returns what was taken out, in words
   */
  async remove(doomed: readonly Subject[], at: Date): Promise<string[]> {
    const names = new Set(doomed.map((one) => refName(this.#plan, one)));
    return await this.#moving(undefined, async (transfer) => {
      const contents = await this.#contents(transfer);
      const removed: string[] = [];
      for (const one of removalOf(contents, (subject) => names.has(refName(this.#plan, subject)))) {
        this.#host.signal.throwIfAborted();
        if (await remove(transfer, one, at)) removed.push(subjectText(one.subject));
      }
      return removed.toReversed();
    });
  }

  /**
   * What has waited in the store's trash for long enough, and is emptied unless it was only asked for.
   *
   * @param isKept whether something stays in the trash, however long it waited
   * @returns it in words
   */
  async emptyTrash(
    { at, trashMs, dryRun }: { at: Date; trashMs: number; dryRun: boolean },
    isKept: (subject: Subject) => boolean,
  ): Promise<string[]> {
    return await this.#moving(undefined, async (transfer) => {
      const old = expired(await this.#contents(transfer), { nowMs: at.getTime(), trashMs });
      const emptied: string[] = [];
      for (const one of old) {
        this.#host.signal.throwIfAborted();
        if (isKept(one.subject)) continue;
        if (dryRun || (await empty(transfer, one, at))) emptied.push(subjectText(one.subject));
      }
      return emptied;
    });
  }

  /**
   * What of the store is due tonight.
   *
   * @throws ReleasePlanError `store-damaged` for a name that cannot be read; `server-*`
   */
  async share(now: Date): Promise<StoreShare> {
    return await this.#moving(undefined, async (transfer) => {
      const { there } = await this.#contents(transfer);
      return await storeShare(transfer, [...there.values()], { now, verifyDays: this.#plan.verifyDays });
    });
  }

  /** Reads it, and sends again what is not right there and whole here. */
  async readShare(
    share: StoreShare,
    now: Date,
    watch: Pick<Checking, 'onSubject' | 'onBytes'>,
  ): Promise<StoreShareRead> {
    const checking: Checking = { plan: this.#plan, store: this.#store, signal: this.#host.signal, ...watch };
    return await readStoreShare(checking, share, now);
  }

  /** For people. */
  get address(): string {
    return this.#store.address;
  }

  /** A step as another host made it, which was brought here. */
  async taken(step: WorkStep, snapshot: Snapshot): Promise<Made> {
    const { handOut } = deliveryOf(this.#plan);
    if (handOut === undefined) throw new Error('what has a store can be made on several hosts');
    return await handOut.taken(step, snapshot, this.#host.signal);
  }

  /** At the end of a run: the registry, and what was published. */
  async sendDocuments(): Promise<void> {
    await this.#moving(undefined, async (transfer) => {
      await moveDocuments(transfer, storedDocuments(this.#plan), 'push');
    });
  }

  async #contents(transfer: Transfer): Promise<StoreContents> {
    return await contentsOf(this.#store, this.#plan, transfer.seen);
  }

  async #followRemovals(transfer: Transfer, contents: StoreContents): Promise<void> {
    const gone = await followRemovals(transfer, contents);
    if (gone.length === 0) return;
    const message = `moved to the trash, because gc removed it from ${this.#store.address}: ${gone.join(', ')}`;
    this.#host.report({ type: 'note', message });
  }

  async #moving<T>(progress: Progress | undefined, body: (transfer: Transfer) => Promise<T>): Promise<T> {
    const settings: Omit<Transfer, 'seen'> = {
      plan: this.#plan,
      store: this.#store,
      signal: this.#host.signal,
      // Files that are here were checked when they came, and are checked again before anything is made of them.
      reading: { vouches: () => true },
      storeWins: true,
      onSubject: (what) => progress?.(`${this.#store.address}: ${what}`),
      onBytes: () => undefined,
    };
    return await transferring(settings, body);
  }
}
