/** Reads everything that a store has of a product, and puts right what the folder here has whole. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { makeFolder } from '../../io/atomic.ts';
import { readSealedDocument } from '../../io/documents/read.ts';
import { digestFile, type FileDigest } from '../../io/hash.ts';
import { ifPresent } from '../../io/present.ts';
import { allOf } from '../../io/several.ts';
import { folderOf, objectName, refsFolder, subjectOf, subjectText, type Subject } from './names.ts';
import { fetchObject } from './object.ts';
import { DOCUMENT_OF, incomingDir, isOf, type ManifestFields } from './pull.ts';
import { refThere } from './there.ts';
import type { Transfer } from './transfer.ts';

/** One thing that is wrong in a store. */
export interface StoreProblem {
  /** What it belongs to, in words. */
  subject: string;
  /** The name in the store. */
  name: string;
  problem: string;
  /** It was sent again from the folder here, and is right now. */
  isRepaired: boolean;
}

export interface StoreCheck {
  subjects: number;
  objects: number;
  bytes: number;
  problems: StoreProblem[];
}

/** An object, and where the folder here would have it. */
interface Wanted extends FileDigest {
  path: string;
}

/**
 * Reads every ref, every manifest and every object that they name, each once.
 *
 * @param repairs whether objects that are missing or damaged are sent again, where the folder has them whole
 * @throws ReleasePlanError `server-*`
 */
export async function checkStore(transfer: Transfer, { repairs }: { repairs: boolean }): Promise<StoreCheck> {
  const { store, plan, signal } = transfer;
  const check: StoreCheck = { subjects: 0, objects: 0, bytes: 0, problems: [] };
  const known = new Map<string, string | undefined>();
  for (const { name } of await allOf(store.list(refsFolder(plan)))) {
    const subject = subjectOf(plan, name);
    if (subject === undefined) continue;
    signal.throwIfAborted();
    check.subjects += 1;
    transfer.onSubject(subjectText(subject));
    const add = (of: string, problem: string, isRepaired: boolean): void =>
      void check.problems.push({ subject: subjectText(subject), name: of, problem, isRepaired });
    const wanted = await wantedOf(transfer, subject, async (object, problem) => {
      const isRepaired = repairs && (await sentAgain(transfer, object));
      add(objectName(object.sha256), problem, isRepaired);
      return isRepaired;
    }).catch((error: unknown) => {
      if (!(error instanceof ReleasePlanError) || error.code !== 'store-damaged') throw error;
      add(name, error.message, false);
      return [];
    });
    for (const object of wanted) {
      if (!known.has(object.sha256)) {
        check.objects += 1;
        check.bytes += object.sizeBytes;
        known.set(object.sha256, await problemOf(transfer, object));
      }
      const problem = known.get(object.sha256);
      if (problem === undefined) continue;
      const isRepaired = repairs && (await sentAgain(transfer, object));
      add(objectName(object.sha256), problem, isRepaired);
      if (isRepaired) known.set(object.sha256, undefined);
    }
  }
  return check;
}

/** Everything that a ref leads to. @param mend tries to put a manifest right that cannot be read */
async function wantedOf(
  transfer: Transfer,
  subject: Subject,
  mend: (object: Wanted, problem: string) => Promise<boolean>,
): Promise<Wanted[]> {
  const { store, plan } = transfer;
  const there = await refThere(store, plan, subject);
  if (there === undefined) return [];
  const { dir, manifest: manifestName, signature: signatureName = '' } = folderOf(plan, subject);
  const { manifest, signature } = there.ref;
  const own: Wanted = { ...manifest, path: join(dir, manifestName) };
  const problem = await problemOf(transfer, own);
  if (problem !== undefined && !(await mend(own, problem))) return [];
  const files = await namedIn(transfer, subject, manifest);
  return [
    ...(signature === undefined ? [] : [{ ...signature, path: join(dir, signatureName) }]),
    ...files.map(({ path, sizeBytes, sha256 }) => ({ path: join(dir, path), sizeBytes, sha256 })),
  ];
}

async function namedIn(
  { store, plan, signal }: Transfer,
  subject: Subject,
  manifest: FileDigest,
): Promise<ManifestFields['files']> {
  await makeFolder(incomingDir(plan));
  const path = join(incomingDir(plan), `check-${manifest.sha256}`);
  try {
    await fetchObject(store, manifest, path, signal, () => undefined);
    const opened = await readSealedDocument<ManifestFields>(DOCUMENT_OF[subject.kind], path);
    if (!('problem' in opened) && isOf(opened.value, subject)) return opened.value.files;
    const problem = 'problem' in opened ? opened.problem : 'is the manifest of another';
    throw new ReleasePlanError('store-damaged', `the manifest that it names ${problem}`);
  } finally {
    await rm(path, { force: true });
  }
}

async function problemOf({ store, onBytes }: Transfer, object: FileDigest): Promise<string | undefined> {
  const found = await store.digest(object, onBytes);
  if (found === object.sha256) return undefined;
  return found === undefined ? 'is missing' : `has the sha256 ${found}`;
}

/** Sends an object again, when the file here is whole; and looks whether it is right now. */
async function sentAgain(transfer: Transfer, object: Wanted): Promise<boolean> {
  const here = await ifPresent(digestFile(object.path, transfer.signal));
  if (here?.sha256 !== object.sha256) return false;
  await transfer.store.put(object, transfer.onBytes);
  return (await problemOf(transfer, object)) === undefined;
}
