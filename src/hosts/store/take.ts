/** Gives a name in a store once, whatever the server knows of conditions. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Revision } from '../../io/revision.ts';
import { allOf } from '../../io/several.ts';
import type { WriteStore } from './store.ts';

/** A claim that its writer did not take back in this time is a dead one's: it covers a few small requests. */
const CLAIM_DEAD_MS = 600_000;
/** Longest pause between two tries; each host waits for another time, so that they do not meet again. */
const PAUSE_MS = 400;

const MOST_TRIES = 4;

/** What became of a name. */
export type Taken =
  | { state: 'written' | 'present'; revision: Revision }
  /** Somebody else's bytes are there; undefined when the name was removed. */
  | { state: 'lost'; found: Revision | undefined };

/**
 * Writes a small file under a name that has what was seen there, or nothing,
 * and looks afterwards whether it is there. Twice is once.
 *
 * A server that heeds conditions gives the name to one of two. For others,
 * a host says that it is about to write before it looks; one that finds another's
 * claim takes its own back and tries later.
 *
 * @param seen what the name had; undefined for none
 */
export async function take(
  store: WriteStore,
  name: string,
  bytes: Buffer,
  seen: Revision | undefined,
  signal: AbortSignal,
): Promise<Taken> {
  if (await store.honoursConditions()) return await writeAndLook(store, name, bytes, seen);
  return await withClaim(store, name, signal, async () => await writeAndLook(store, name, bytes, seen));
}

async function writeAndLook(
  store: WriteStore,
  name: string,
  bytes: Buffer,
  seen: Revision | undefined,
): Promise<Taken> {
  const before = await store.read(name);
  if (before?.bytes.equals(bytes) === true) return { state: 'present', revision: before };
  if (before?.tag !== seen?.tag) return { state: 'lost', found: before };
  for (let tries = 1; ; tries += 1) {
    // False also when the answer to a first try was lost: what is there decides.
    await store.write(name, bytes, seen);
    const after = await store.read(name);
    if (after?.bytes.equals(bytes) === true) return { state: 'written', revision: after };
    // Two writes at once, of which a server may refuse both (409 of AWS): nobody has the name yet.
    if (after?.tag !== seen?.tag || tries === MOST_TRIES) return { state: 'lost', found: after };
  }
}

/** Of two hosts that both list after they claimed, at least one sees the other. */
async function withClaim<T>(store: WriteStore, name: string, signal: AbortSignal, body: () => Promise<T>): Promise<T> {
  const folder = `claims/${name}`;
  for (;;) {
    const own = `${folder}/${randomUUID()}.json`;
    await store.write(own, Buffer.from('{"schema":1}\n'), undefined);
    try {
      if (await isAlone(store, folder, own)) return await body();
    } finally {
      await store.remove(own);
    }
    await sleep(Math.random() * PAUSE_MS, undefined, { signal });
  }
}

/** By the server's clock alone: those of hosts may differ. */
async function isAlone(store: WriteStore, folder: string, own: string): Promise<boolean> {
  const claims = await allOf(store.list(folder));
  const now = claims.find(({ name }) => name === own)?.modifiedAtMs ?? NaN;
  return claims.every(({ name, modifiedAtMs }) => name === own || now - modifiedAtMs > CLAIM_DEAD_MS);
}
