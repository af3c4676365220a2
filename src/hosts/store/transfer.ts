/** What moving an archive needs, and says. */
import { join } from 'node:path';
import { productDir, type ArchiveKey } from '../../archive/layout.ts';
import type { ReadOptions } from '../../archive/manifest.ts';
import { formatSeen, readSeen, writeSeen, type Seen } from '../../archive/store-seen.ts';
import type { Plan } from '../../core/plan.ts';
import { withLock } from '../../io/lock.ts';
import type { Subject } from './names.ts';
import type { OnBytes, WriteStore } from './store.ts';

/** A store and an archive, while something is moved between them. */
export interface Transfer {
  plan: Plan;
  store: WriteStore;
  /** Grows as names are read and written. */
  seen: Seen;
  signal: AbortSignal;
  /** How archived files are read that are there already. */
  reading: ReadOptions;
  /**
   * Whether an update that was made here and never sent makes way for the one that the store has: two hosts made the
   * same, and the other was first.
   */
  storeWins: boolean;
  /** Told of what is moved, and of its bytes. */
  onSubject: (what: string) => void;
  onBytes: OnBytes;
}

/** What became of one thing. */
export interface Moved {
  subject: Subject;
  /** Moved now, or there before. */
  state: 'moved' | 'present';
  /** Bytes of its files that were moved. */
  movedBytes: number;
}

const moveLock = (key: ArchiveKey): string => join(productDir(key), '.release-plan-store.lock');
const MOVE_WAIT_MS = 24 * 3600_000;

/** What moves between a folder and its store moves one after the other, whoever of this host moves it. */
export async function whileMoving<T>(
  { plan, signal }: Pick<Transfer, 'plan' | 'signal'>,
  body: () => Promise<T>,
): Promise<T> {
  const options = { waitMs: MOVE_WAIT_MS, signal };
  return await withLock(moveLock(plan), 'move files between archive and store', options, body);
}

/** Moves something, and remembers what was seen of the store meanwhile, also when that failed. */
export async function transferring<T>(
  settings: Omit<Transfer, 'seen'>,
  body: (transfer: Transfer) => Promise<T>,
): Promise<T> {
  const { plan, store } = settings;
  return await whileMoving(settings, async () => {
    const seen = await readSeen(plan, store.address);
    const before = formatSeen(store.address, seen);
    try {
      return await body({ ...settings, seen });
    } finally {
      // Most of what a step asks for was seen before, and a file that is synced takes longer than asking.
      const after = formatSeen(store.address, seen);
      if (after !== before) await writeSeen(plan, after);
    }
  });
}
