/** Reads everything that a store has of a product, and puts right what the folder here has whole. */
import { join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { digestFile, type FileDigest } from '../../io/hash.ts';
import { ifPresent } from '../../io/present.ts';
import { allOf } from '../../io/several.ts';
import { folderOf, objectName, refsFolder, subjectOf, subjectText } from './names.ts';
import { filesOf } from './objects-of.ts';
import { namedThere, type There } from './there.ts';
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

/** What checking a store needs, and says. */
export type Checking = Pick<Transfer, 'plan' | 'store' | 'signal' | 'onSubject' | 'onBytes'>;

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
export async function checkStore(checking: Checking, { repairs }: { repairs: boolean }): Promise<StoreCheck> {
  const { store, plan, signal } = checking;
  const check: StoreCheck = { subjects: 0, objects: 0, bytes: 0, problems: [] };
  const known = new Map<string, string | undefined>();
  for (const { name } of await allOf(store.list(refsFolder(plan)))) {
    const subject = subjectOf(plan, name);
    if (subject === undefined) continue;
    signal.throwIfAborted();
    const found = await namedThere(store, plan, subject).catch(damageOf);
    if (found !== undefined && 'removed' in found) continue;
    check.subjects += 1;
    checking.onSubject(subjectText(subject));
    const add = (of: string, problem: string, isRepaired: boolean): void =>
      void check.problems.push({ subject: subjectText(subject), name: of, problem, isRepaired });
    const isRight = async (object: Wanted): Promise<boolean> => {
      if (!known.has(object.sha256)) known.set(object.sha256, await problemOf(checking, object));
      const problem = known.get(object.sha256);
      if (problem === undefined) return true;
      const isRepaired = repairs && (await sentAgain(checking, object));
      if (isRepaired) known.set(object.sha256, undefined);
      add(objectName(object.sha256), problem, isRepaired);
      return isRepaired;
    };
    const wanted = found instanceof ReleasePlanError ? found : await wantedOf(checking, found, isRight).catch(damageOf);
    if (wanted instanceof ReleasePlanError) {
      add(name, wanted.message, false);
      continue;
    }
    for (const object of wanted) {
      if (!known.has(object.sha256)) {
        check.objects += 1;
        check.bytes += object.sizeBytes;
      }
      await isRight(object);
    }
  }
  return check;
}

function damageOf(error: unknown): ReleasePlanError {
  if (error instanceof ReleasePlanError && error.code === 'store-damaged') return error;
  throw error;
}

/** What a ref leads to beside its manifest; nothing where that cannot be read. */
async function wantedOf(
  checking: Checking,
  there: There | undefined,
  isRight: (object: Wanted) => Promise<boolean>,
): Promise<Wanted[]> {
  // Replaced since the list was made.
  if (there === undefined) return [];
  const { subject } = there;
  const { plan } = checking;
  const { dir, manifest: manifestName, signature: signatureName = '' } = folderOf(plan, subject);
  const { manifest, signature } = there.ref;
  if (!(await isRight({ ...manifest, path: join(dir, manifestName) }))) return [];
  const files = await filesOf(checking, plan, subject, manifest);
  return [
    ...(signature === undefined ? [] : [{ ...signature, path: join(dir, signatureName) }]),
    ...files.map(({ path, sizeBytes, sha256 }) => ({ path: join(dir, path), sizeBytes, sha256 })),
  ];
}

async function problemOf({ store, onBytes }: Checking, object: FileDigest): Promise<string | undefined> {
  const found = await store.digest(object, onBytes);
  if (found === object.sha256) return undefined;
  return found === undefined ? 'is missing' : `has the sha256 ${found}`;
}

/** Sends an object again, when the file here is whole; and looks whether it is right now. */
async function sentAgain(checking: Checking, object: Wanted): Promise<boolean> {
  const here = await ifPresent(digestFile(object.path, checking.signal));
  if (here?.sha256 !== object.sha256) return false;
  await checking.store.put(object, checking.onBytes);
  return (await problemOf(checking, object)) === undefined;
}
