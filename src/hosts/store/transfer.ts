/** What moving an archive needs, and says. */
import type { Plan } from '../../core/plan.ts';
import type { ReadOptions } from '../../archive/manifest.ts';
import type { Subject } from './names.ts';
import { writeSeen, type Seen } from '../../archive/store-seen.ts';
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

/** Remembers what was seen of the store, also of a transfer that failed. */
export async function remembering<T>({ plan, store, seen }: Transfer, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } finally {
    await writeSeen(plan, store.address, seen);
  }
}
