/**
 * Keeps content from being removed by one host while another is about to name it. Who removes says so in the store
 * before it looks how old content is; who needs it makes it young before it looks whether somebody removes. At least
 * one sees the other, whatever the order.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { allOf } from '../../io/several.ts';
import type { StoredName, WriteStore } from './store.ts';

const FOLDER = 'claims/sweep';
const CONTENT = Buffer.from('{"schema":1}\n');

/** A mark of this age is of a host that died: see {@link MARKED_MS}. */
const DEAD_MS = 900_000;
/** How long a host removes under one mark; what it began then ends by the limits of its requests. */
export const MARKED_MS = 120_000;
const PAUSE_MS = 500;

/** Says in the store that content is removed while `body` runs. */
export async function whileMarked<T>(store: WriteStore, body: () => Promise<T>): Promise<T> {
  const own = `${FOLDER}/${randomUUID()}.json`;
  await store.write(own, CONTENT, undefined);
  try {
    return await body();
  } finally {
    await store.remove(own);
  }
}

/**
 * Waits until those have ended that remove content just now. Who begins later sees what was made young before.
 *
 * @returns whether somebody did
 */
export async function sweepsEnded(store: WriteStore, signal: AbortSignal): Promise<boolean> {
  const beganMs = performance.now();
  const first = new Set((await allOf(store.list(FOLDER))).map(({ name }) => name));
  for (let marks = first.size; marks > 0;) {
    const left = (await allOf(store.list(FOLDER))).filter(({ name }) => first.has(name));
    const nowMs = left.length === 0 ? NaN : await clockOf(store);
    const isDead = ({ modifiedAtMs }: StoredName): boolean =>
      nowMs - modifiedAtMs > DEAD_MS || performance.now() - beganMs > DEAD_MS;
    marks = left.filter((one) => !isDead(one)).length;
    if (marks > 0) await sleep(PAUSE_MS, undefined, { signal });
  }
  return first.size > 0;
}

/** By the clock that dates what is written there: milliseconds of the epoch. */
export const clockOf = async (store: WriteStore): Promise<number> => (await store.clockMs()) ?? Date.now();
