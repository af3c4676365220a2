/** Reads everything that a store has of a product, and puts right what the folder here has whole. */
import { join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { digestFile, type FileDigest } from '../../io/hash.ts';
import { ifPresent } from '../../io/present.ts';
import { allOf } from '../../io/several.ts';
import { folderOf, objectName, refName, refsFolder, subjectOf, subjectText, type Subject } from './names.ts';
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

/** Checks what has a name in a store, one after the other; what several of them have is read once. */
export class StoreChecker {
  readonly #checking: Checking;
  readonly #repairs: boolean;
  /** What is wrong with objects, by sha256; undefined for what is right. */
  readonly #known = new Map<string, string | undefined>();
  readonly #check: StoreCheck = { subjects: 0, objects: 0, bytes: 0, problems: [] };

  /** @param repairs whether objects that are missing or damaged are sent again, where the folder has them whole */
  constructor(checking: Checking, { repairs }: { repairs: boolean }) {
    this.#checking = checking;
    this.#repairs = repairs;
  }

  /** What was found until now. */
  get found(): StoreCheck {
    return this.#check;
  }

  /**
   * Reads a ref, its manifest and every object that it names. What was removed since is passed over.
   *
   * @returns whether all of it is right now
   * @throws ReleasePlanError `server-*`
   */
  async check(subject: Subject): Promise<boolean> {
    const { store, plan, signal, onSubject } = this.#checking;
    const name = refName(plan, subject);
    signal.throwIfAborted();
    const found = await namedThere(store, plan, subject).catch(damageOf);
    if (found !== undefined && 'removed' in found) return true;
    this.#check.subjects += 1;
    onSubject(subjectText(subject));
    const isRight = async (object: Wanted): Promise<boolean> => await this.#isRight(subject, object);
    const wanted =
      found instanceof ReleasePlanError ? found : await wantedOf(this.#checking, found, isRight).catch(damageOf);
    if (wanted instanceof ReleasePlanError) {
      this.#add(subject, name, wanted.message, false);
      return false;
    }
    if (wanted === undefined) return false;
    let isWhole = true;
    for (const object of wanted) {
      if (!this.#known.has(object.sha256)) {
        this.#check.objects += 1;
        this.#check.bytes += object.sizeBytes;
      }
      if (!(await isRight(object))) isWhole = false;
    }
    return isWhole;
  }

  async #isRight(subject: Subject, object: Wanted): Promise<boolean> {
    if (!this.#known.has(object.sha256)) this.#known.set(object.sha256, await problemOf(this.#checking, object));
    const problem = this.#known.get(object.sha256);
    if (problem === undefined) return true;
    // A store that damages what is sent stays as it was.
    const sent = this.#repairs && (await sentAgain(this.#checking, object).catch(damageOf));
    const isRepaired = sent === true;
    if (isRepaired) this.#known.set(object.sha256, undefined);
    this.#add(subject, objectName(object.sha256), problem, isRepaired);
    return isRepaired;
  }

  #add(subject: Subject, name: string, problem: string, isRepaired: boolean): void {
    this.#check.problems.push({ subject: subjectText(subject), name, problem, isRepaired });
  }
}

/**
 * Reads every ref, every manifest and every object that they name, each once.
 *
 * @param repairs as of {@link StoreChecker}
 * @throws ReleasePlanError `server-*`
 */
export async function checkStore(checking: Checking, options: { repairs: boolean }): Promise<StoreCheck> {
  const { store, plan } = checking;
  const checker = new StoreChecker(checking, options);
  for (const { name } of await allOf(store.list(refsFolder(plan)))) {
    const subject = subjectOf(plan, name);
    if (subject !== undefined) await checker.check(subject);
  }
  return checker.found;
}

function damageOf(error: unknown): ReleasePlanError {
  if (error instanceof ReleasePlanError && error.code === 'store-damaged') return error;
  throw error;
}

/** What a ref leads to beside its manifest; undefined where that is not right. */
async function wantedOf(
  checking: Checking,
  there: There | undefined,
  isRight: (object: Wanted) => Promise<boolean>,
): Promise<Wanted[] | undefined> {
  // Replaced since the list was made.
  if (there === undefined) return [];
  const { subject } = there;
  const { plan } = checking;
  const { dir, manifest: manifestName, signature: signatureName = '' } = folderOf(plan, subject);
  const { manifest, signature } = there.ref;
  if (!(await isRight({ ...manifest, path: join(dir, manifestName) }))) return undefined;
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
