/** The checkout that a plan lies in: which commit it is at, and how a worker brings its own to that of whoever asks. */
import { join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { git, gitFetchBranches } from '../../io/git.ts';
import { takeLock, type Lock } from '../../io/lock.ts';
import { isBuild, type StepJob } from './protocol.ts';

/** git's own code for everything that it refuses. */
const REFUSED = 128;

/** A step can name it, and nothing but a commit. */
const COMMIT = /^[0-9a-f]{40,64}$/;

const HEAD = ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'];

/** Top folder of the repository around a folder; undefined outside of any. */
async function topOf(dir: string, signal?: AbortSignal): Promise<string | undefined> {
  const { exitCode, stdout } = await ask(dir, ['rev-parse', '--show-toplevel'], signal);
  return exitCode === 0 ? stdout.trim() : undefined;
}

/**
 * The commit that a folder is of; undefined outside of git, before the first commit, and where tracked files are
 * changed: then no other host can have the same.
 */
export async function cleanCommitOf(dir: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const { exitCode, stdout } = await ask(dir, HEAD, signal);
    return exitCode === 0 && (await isClean(dir, signal)) ? stdout.trim() : undefined;
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'tool-missing') return undefined;
    throw error;
  }
}

/**
 * A checkout that follows is wherever the last step left it. What is made of images is compared; a build is not.
 *
 * @throws ReleasePlanError `queue-differs`
 */
export function requireCommit(job: Pick<StepJob, 'steps' | 'commit'>): void {
  if (job.commit !== undefined || !isBuild(job)) return;
  throw new ReleasePlanError(
    'queue-differs',
    'the host that asks names no commit to build: its plan is in no repository, or tracked files there are changed',
    { hint: 'Commit and push there, or start a worker without --follow.' },
  );
}

/** Whoever waits to have the checkout at a commit. */
interface Waiting {
  commit: string | undefined;
  begin(): void;
}

/**
 * The checkout of a worker, that follows a remote of its own. Steps of one commit are made at once; those of another
 * wait until the checkout can be moved, in the order in which they came.
 */
export class Checkout {
  readonly #top: string;
  readonly #remote: string;
  readonly #signal: AbortSignal;
  readonly #waiting: Waiting[] = [];
  /** Steps that use it as it stands, and the commit that they need. */
  #users = 0;
  #commit: string | undefined;
  /** Commits that a branch of the remote had when this process asked. */
  readonly #known = new Set<string>();
  readonly #lock: Lock;
  /** Steps of one commit that begin together all wait for the one move. */
  #moving: Promise<void> = Promise.resolve();

  private constructor(top: string, remote: string, signal: AbortSignal, lock: Lock) {
    this.#top = top;
    this.#remote = remote;
    this.#signal = signal;
    this.#lock = lock;
  }

  /**
   * Takes a checkout for this process alone.
   *
   * @throws ReleasePlanError `usage` for a folder without a repository, or a repository without the remote; `locked`
   *   when another worker follows with it
   */
  static async open(dir: string, remote: string, signal: AbortSignal): Promise<Checkout> {
    const top = await topOf(dir, signal);
    if (top === undefined)
      throw new ReleasePlanError('usage', `${dir} is not in a git repository, so it cannot follow one`, {
        hint: 'Leave out --follow, or work in a clone.',
      });
    const { stdout } = await git(['remote'], { cwd: top, signal });
    const remotes = stdout.split('\n').filter((one) => one !== '');
    if (!remotes.includes(remote))
      throw new ReleasePlanError('usage', `${top} has no remote ${JSON.stringify(remote)}`, {
        hint: remotes.length === 0 ? 'Leave out --follow.' : `It has: ${remotes.join(', ')}.`,
      });
    const { stdout: gitDir } = await git(['rev-parse', '--absolute-git-dir'], { cwd: top, signal });
    const lock = await takeLock(join(gitDir.trim(), 'release-plan-follow.lock'), `follow ${remote} in ${top}`);
    return new Checkout(top, remote, signal, lock);
  }

  /** Leaves it to others, at whatever commit it is. */
  async close(): Promise<void> {
    await this.#lock.release();
  }

  /** Folder of the repository. */
  get top(): string {
    return this.#top;
  }

  /**
   * Does something while the checkout is at a commit; as it stands for a host that has none to name.
   *
   * @throws ReleasePlanError `queue-differs` when it cannot be brought there; what `body` throws
   */
  async at<T>(commit: string | undefined, body: () => Promise<T>): Promise<T> {
    await this.#enter(commit);
    try {
      await this.#require(commit);
      return await body();
    } finally {
      this.#users -= 1;
      this.#next();
    }
  }

  async #enter(commit: string | undefined): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(commit)) return this.#take(commit);
    await new Promise<void>((begin) => this.#waiting.push({ commit, begin }));
  }

  #next(): void {
    for (let [first] = this.#waiting; first !== undefined && this.#fits(first.commit); [first] = this.#waiting) {
      this.#waiting.shift();
      this.#take(first.commit);
      first.begin();
    }
  }

  #fits(commit: string | undefined): boolean {
    return this.#users === 0 || commit === this.#commit;
  }

  #take(commit: string | undefined): void {
    this.#users += 1;
    this.#commit = commit;
  }

  async #require(commit: string | undefined): Promise<void> {
    if (commit === undefined) return;
    this.#moving = this.#moving.catch(() => undefined).then(async () => await this.#move(commit));
    await this.#moving;
  }

  async #move(commit: string): Promise<void> {
    if (!COMMIT.test(commit)) throw cannot(`${JSON.stringify(commit)} is no commit`);
    // Also where it is at the commit: what is changed is of none.
    if (!(await isClean(this.#top, this.#signal))) throw cannot(`files of ${this.#top} are changed`);
    const { stdout } = await ask(this.#top, HEAD, this.#signal);
    if (stdout.trim() === commit) return;
    await this.#requireOnBranch(commit);
    await git(['checkout', '--quiet', '--detach', commit, '--'], this.#here).catch(notFollowed);
    if (!(await isClean(this.#top, this.#signal)))
      throw cannot(
        `${this.#top} has changed files after the checkout of ${commit}`,
        'Submodules are not followed: keep layers in repositories that kas checks out.',
      );
  }

  /** What is on no branch may be anybody's: servers give out the commits of merge requests, too. */
  async #requireOnBranch(commit: string): Promise<void> {
    if (this.#known.has(commit)) return;
    // Asked even where the commit is here: a branch may have been withdrawn since.
    const into = `release-plan/${this.#remote}`;
    await gitFetchBranches(this.#remote, into, this.#here).catch(notFollowed);
    const refs = ['for-each-ref', '--count=1', `--contains=${commit}`, `refs/${into}/`];
    const { exitCode, stdout } = await ask(this.#top, refs, this.#signal);
    if (exitCode !== 0 || stdout.trim() === '')
      throw cannot(`no branch of ${this.#remote} has ${commit}`, `Push it to a branch of ${this.#remote}.`);
    this.#known.add(commit);
  }

  get #here(): { cwd: string; signal: AbortSignal } {
    return { cwd: this.#top, signal: this.#signal };
  }
}

const cannot = (why: string, hint?: string): ReleasePlanError =>
  new ReleasePlanError(
    'queue-differs',
    `this worker cannot follow the host that asks: ${why}`,
    hint === undefined ? {} : { hint },
  );

/** What git refuses. */
function notFollowed(error: unknown): never {
  throw error instanceof ReleasePlanError && error.code === 'tool-failed' ? cannot(error.message) : error;
}

/** The checkouts of a worker: plans that lie in one repository share it. */
export class Checkouts {
  readonly #remote: string;
  readonly #signal: AbortSignal;
  readonly #known: Checkout[] = [];

  constructor(remote: string, signal: AbortSignal) {
    this.#remote = remote;
    this.#signal = signal;
  }

  /** The one that a folder lies in. @throws as {@link Checkout.open} */
  async around(dir: string): Promise<Checkout> {
    const top = await topOf(dir, this.#signal);
    const known = this.#known.find((one) => one.top === top);
    if (known !== undefined) return known;
    const checkout = await Checkout.open(dir, this.#remote, this.#signal);
    this.#known.push(checkout);
    return checkout;
  }

  async close(): Promise<void> {
    await Promise.all(this.#known.map(async (one) => await one.close()));
  }
}

async function isClean(dir: string, signal?: AbortSignal): Promise<boolean> {
  const { exitCode, stdout } = await ask(dir, ['status', '--porcelain', '--untracked-files=no'], signal);
  return exitCode === 0 && stdout.trim() === '';
}

const ask = async (
  cwd: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ exitCode: number; stdout: string }> =>
  await git(args, { cwd, okCodes: [0, 1, REFUSED, REFUSED + 1], ...(signal === undefined ? {} : { signal }) });
