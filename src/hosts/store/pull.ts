/** Brings what a store has into an archive's folder: every byte checked before anything has its name. */
import { copyFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { productDir, type ArchiveKey } from '../../archive/layout.ts';
import type { Ref } from '../../archive/store-seen.ts';
import type { ArchivedFile } from '../../core/archive.ts';
import { makeFolder, publishFile, publishFolder } from '../../io/atomic.ts';
import type { FileDigest } from '../../io/hash.ts';
import { ifPresent, namesIn } from '../../io/present.ts';
import { FILES_AT_ONCE, severalAtOnce } from '../../io/several.ts';
import { requireSpace } from '../../io/space.ts';
import { entryHere, refHere } from './here.ts';
import { bySubject, folderOf, SUBJECT_KINDS, subjectText, type Subject } from './names.ts';
import { fetchObject } from './object.ts';
import { sameManifest } from './ref.ts';
import { filesNamedIn } from './stored-manifest.ts';
import { refuseDifferences, type Difference, type There } from './there.ts';
import type { Moved, Transfer } from './transfer.ts';

/** How much of a subject is wanted here. */
export type Extent =
  /** All files. */
  | 'files'
  /** The manifest, its signature, and small files that reports are made of; the rest stays in the store. */
  | 'manifests';

/** What every report reads. */
const SMALL: ReadonlySet<ArchivedFile['role']> = new Set(['packages', 'build-info', 'lock']);

/** Something that the folder lacks. */
interface Due {
  there: There;
  /** Whether the folder that stands there is of the subject as it was before, and makes way. */
  replaces: boolean;
  /** Whether a file of it, by path, is here and whole, or stays in the store. */
  isLeft: (path: string) => boolean;
}

export interface PullPlan {
  due: Due[];
  present: Subject[];
}

/**
 * Where objects wait until all of a subject are here; a run that was
 * interrupted leaves them for the next. A name that no version has.
 */
export const incomingDir = (key: ArchiveKey): string => join(productDir(key), '.release-plan-incoming');

/**
 * Compares what the store has with the folder. Files that are here are read as the transfer says.
 *
 * @throws ReleasePlanError `store-differs`
 */
export async function planPull(
  transfer: Transfer,
  there: ReadonlyMap<string, There>,
  extent: Extent,
  isWanted: (subject: Subject) => boolean = () => true,
): Promise<PullPlan> {
  const { plan, store, seen, signal } = transfer;
  const found: PullPlan = { due: [], present: [] };
  const differences: Difference[] = [];
  const wanted = [...there.values()].filter(({ subject }) => isWanted(subject));
  for (const one of wanted.toSorted((a, b) => bySubject(a.subject, b.subject))) {
    signal.throwIfAborted();
    const { subject, name, ref } = one;
    const here = await refHere(plan, subject);
    const last = seen.refs.get(name);
    if (here === undefined) found.due.push({ there: one, replaces: false, isLeft: () => false });
    else if (sameManifest(here, ref)) {
      const whole = extent === 'files' ? await wholeFiles(transfer, subject) : 'all';
      const lacksSignature = here.signature === undefined && ref.signature !== undefined;
      if (whole === 'all' && !lacksSignature) {
        seen.refs.set(name, ref);
        found.present.push(subject);
      } else found.due.push({ there: one, replaces: false, isLeft: (path) => whole === 'all' || whole.has(path) });
    } else if (isOlder(transfer, one, here, last)) found.due.push({ there: one, replaces: true, isLeft: () => false });
    // Made anew here, and not pushed yet.
    else if (subject.kind !== 'version' && last !== undefined && sameManifest(last, ref)) found.present.push(subject);
    else differences.push({ name, here: here.manifest.sha256, there: ref.manifest.sha256 });
  }
  refuseDifferences(differences, store);
  return found;
}

/** Whether what is here makes way for what the store has. */
const isOlder = ({ storeWins }: Transfer, { subject }: There, here: Ref, last: Ref | undefined): boolean =>
  subject.kind !== 'version' && (last === undefined ? storeWins : sameManifest(last, here));

async function wholeFiles({ plan, reading, signal }: Transfer, subject: Subject): Promise<ReadonlySet<string> | 'all'> {
  const entry = await entryHere(plan, subject, { ...reading, signal });
  if (entry.state === 'whole') return 'all';
  if (entry.state === 'absent' || entry.found === undefined) return new Set();
  const bad = new Set(entry.found.files.map(({ path }) => path));
  return new Set(entry.found.manifest.files.map(({ path }) => path).filter((path) => !bad.has(path)));
}

/**
 * Fetches what is due. Interrupted, it goes on where it stopped, in the middle of a file too.
 *
 * @throws ReleasePlanError `store-damaged`, `disk-full`, `server-*`
 */
export async function pull(transfer: Transfer, { due, present }: PullPlan, extent: Extent): Promise<Moved[]> {
  const moved: Moved[] = present.map((subject) => ({ subject, state: 'present', movedBytes: 0 }));
  const one = async (due: Due): Promise<void> => {
    const { subject, name, ref } = due.there;
    transfer.signal.throwIfAborted();
    transfer.onSubject(subjectText(subject));
    moved.push({ subject, state: 'moved', movedBytes: await pullOne(transfer, due, extent) });
    transfer.seen.refs.set(name, ref);
  };
  // An update lies in the folder of its version, which has to be there before; files of one are fetched together.
  for (const kind of SUBJECT_KINDS)
    await severalAtOnce(
      due.filter(({ there }) => there.subject.kind === kind),
      extent === 'files' ? 1 : FILES_AT_ONCE,
      one,
    );
  await rm(incomingDir(transfer.plan), { recursive: true, force: true });
  return moved;
}

/** A file of a subject, on its way. */
interface Incoming extends FileDigest {
  /** Below the subject's folder. */
  path: string;
}

async function pullOne(transfer: Transfer, { there, replaces, isLeft }: Due, extent: Extent): Promise<number> {
  const { plan, store, signal, onBytes } = transfer;
  const { dir, manifest, signature } = folderOf(plan, there.subject);
  const incoming = join(incomingDir(plan), there.ref.manifest.sha256);
  await makeFolder(incoming);
  const fetched = async (object: FileDigest): Promise<void> =>
    await fetchObject(store, object, join(incoming, object.sha256), signal, onBytes);
  await fetched(there.ref.manifest);
  const named = await filesNamedIn(
    join(incoming, there.ref.manifest.sha256),
    there.subject,
    `what ${store.address}/${there.name} names`,
  );
  const files: Incoming[] = named.filter(({ path, role }) => (extent === 'files' || SMALL.has(role)) && !isLeft(path));
  const all: Incoming[] = [
    ...files,
    ...(signature === undefined || there.ref.signature === undefined
      ? []
      : [{ path: signature, ...there.ref.signature }]),
    // Last: what has a manifest is whole, or its files are in the store.
    { path: manifest, ...there.ref.manifest },
  ];
  const movedBytes = all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  await requireSpace(dir, movedBytes);
  await severalAtOnce(new Map(all.map((one) => [one.sha256, one])).values(), FILES_AT_ONCE, fetched);
  const isThere = (await ifPresent(namesIn(dir)))?.length ?? 0;
  if (isThere === 0 || replaces)
    await publishFolder(dir, async (staging) => await place(incoming, all, staging, moveTo), { replace: replaces });
  else
    await place(incoming, all, dir, async (from, to) => {
      await publishFile(to, async (temporary) => await rename(from, temporary));
    });
  return movedBytes;
}

const moveTo = async (from: string, to: string): Promise<void> => {
  await makeFolder(dirname(to));
  await rename(from, to);
};

/** Moves what came to where it belongs, in its order; what has one content and several names is copied. */
async function place(
  incoming: string,
  files: readonly Incoming[],
  dir: string,
  move: (from: string, to: string) => Promise<void>,
): Promise<void> {
  const left = new Map<string, number>();
  for (const { sha256 } of files) left.set(sha256, (left.get(sha256) ?? 0) + 1);
  for (const { sha256, path } of files) {
    const count = left.get(sha256) ?? 1;
    left.set(sha256, count - 1);
    const from = join(incoming, sha256);
    const own = count > 1 ? `${from}.${count}` : from;
    if (own !== from) await copyFile(from, own);
    await move(own, join(dir, path));
  }
}
