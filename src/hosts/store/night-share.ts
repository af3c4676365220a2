/** The part of a store that a night reads, so that everything there is read once within `verify_days`. */
import { nightlyShare, type SharedFile } from '../../archive/share.ts';
import { readStoreRead, writeStoreRead, type StoreRead } from '../../archive/store-read.ts';
import { failureToTell, ReleasePlanError } from '../../core/errors.ts';
import { FILES_AT_ONCE, severalAtOnce } from '../../io/several.ts';
import { StoreChecker, type Checking, type StoreProblem } from './check.ts';
import { filesOf } from './objects-of.ts';
import type { There } from './there.ts';
import { whileMoving } from './transfer.ts';

/** What is due, before it is read. */
export interface StoreShare {
  due: There[];
  dueBytes: number;
  /** Bytes of everything that has a name in the store; what two of them have counts twice. */
  storedBytes: number;
  /** What was known before, without what has no name any more. */
  read: StoreRead;
}

/** What came of reading it. */
export interface StoreShareRead {
  problems: StoreProblem[];
  /** Why not all of it was read: a store that is away, a disk that fails. What was not read is due the next night. */
  failure?: ReleasePlanError;
}

/** So many in a row that cannot be read are the store, and not they. */
const MOST_FAILURES = 3;

/**
 * Decides what is due: what was damaged, and of the rest what was read longest ago. What a night sees for the first
 * time was checked when it was sent, and counts as read now.
 */
export async function storeShare(
  checking: Checking,
  there: readonly There[],
  { now, verifyDays }: { now: Date; verifyDays: number },
): Promise<StoreShare> {
  const before = await readStoreRead(checking.plan);
  const damaged = new Set(before.damaged);
  const seen = there.map((one) => ({ one, atMs: timeOf(before, one, now) }));
  const sizes = await severalAtOnce(there, FILES_AT_ONCE, async (one) => await sizeOf(checking, one));
  const files = seen.map(({ one, atMs }, at): SharedFile => {
    const readAtMs = damaged.has(one.ref.manifest.sha256) ? undefined : atMs;
    return { path: one.name, sizeBytes: sizes[at] ?? 0, readAtMs };
  });
  const lastNightMs = before.readAt === undefined ? undefined : Date.parse(before.readAt);
  const paths = nightlyShare(files, { nowMs: now.getTime(), verifyDays, lastNightMs });
  const bytesOf = (some: readonly SharedFile[]): number => some.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const known = seen.map(({ one, atMs }) => [one.ref.manifest.sha256, new Date(atMs).toISOString()] as const);
  return {
    due: there.filter(({ name }) => paths.has(name)),
    dueBytes: bytesOf(files.filter(({ path }) => paths.has(path))),
    storedBytes: bytesOf(files),
    read: {
      ...(before.readAt === undefined ? {} : { readAt: before.readAt }),
      manifests: Object.fromEntries(known.toSorted(([a], [b]) => (a < b ? -1 : 1))),
      damaged: there.flatMap(({ ref }) => (damaged.has(ref.manifest.sha256) ? [ref.manifest.sha256] : [])),
    },
  };
}

/**
 * Reads what is due, and sends again what is missing or damaged where the folder here has it whole. What was read is
 * remembered, also when the night was stopped.
 */
export async function readStoreShare(
  checking: Checking,
  { due, read }: Pick<StoreShare, 'due' | 'read'>,
  now: Date,
): Promise<StoreShareRead> {
  const checker = new StoreChecker(checking, { repairs: true });
  const manifests = { ...read.manifests };
  const damaged = new Set(read.damaged);
  const failures: ReleasePlanError[] = [];
  let failedInARow = 0;
  let isOver = false;
  try {
    for (const { subject, ref } of due) {
      try {
        // Others of this host may move files in between.
        const isWhole = await whileMoving(checking, async () => await checker.check(subject));
        failedInARow = 0;
        const { sha256 } = ref.manifest;
        if (isWhole) {
          manifests[sha256] = now.toISOString();
          damaged.delete(sha256);
        } else damaged.add(sha256);
      } catch (error) {
        // One that a server or a disk cannot read must not keep the night from the others.
        failures.push(failureToTell(error, checking.signal));
        failedInARow += 1;
        if (failedInARow === MOST_FAILURES) break;
      }
    }
    isOver = failures.length === 0;
    const [failure] = failures;
    return { problems: checker.found.problems, ...(failure === undefined ? {} : { failure }) };
  } finally {
    const readAt = isOver ? now.toISOString() : read.readAt;
    const at = readAt === undefined ? {} : { readAt };
    await writeStoreRead(checking.plan, { ...at, manifests, damaged: [...damaged].sort() });
  }
}

/** What has no time, or one that lies ahead, counts as read now. */
function timeOf({ manifests }: StoreRead, { ref }: There, now: Date): number {
  const atMs = Date.parse(manifests[ref.manifest.sha256] ?? '');
  return Number.isNaN(atMs) || atMs > now.getTime() ? now.getTime() : atMs;
}

/** Bytes that a ref leads to; those of its manifest alone where that cannot be read, which its check tells. */
async function sizeOf(checking: Checking, { subject, ref }: There): Promise<number> {
  const { plan } = checking;
  const files = await filesOf(checking, plan, subject, ref.manifest).catch((error: unknown) => {
    if (error instanceof ReleasePlanError && error.code === 'store-damaged') return [];
    throw error;
  });
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, ref.manifest.sizeBytes);
}
