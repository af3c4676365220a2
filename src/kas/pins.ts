/**
 * Whether a build reads what the kas files ask for. kas leaves a repository
 * with changes as it is, whatever commit it stands at, says so in one warning
 * and exits 0.
 */
import { dirname, extname, join, relative } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { changesIn, commitOf, headOf, isCommitted, isWithin, resolved, type Change, type Head } from './git.ts';
import type { KasRepository, Pin } from './repositories.ts';

/** A repository as it stands in its folder. */
export interface RepositoryState extends KasRepository {
  /** Undefined when the folder is in no git repository, or in one without a commit. */
  head?: Head;
  /** Why no commit, or another than the pinned one, names what a build reads; empty when all is well. */
  problems: string[];
}

/** What a build reads besides the pinned commits, absolute paths. */
export interface BuildInputs {
  /** Layers of bblayers.conf. */
  layers: readonly string[];
  /** The kas files of the chain. */
  files: readonly string[];
  /** What a build or release-plan writes, wherever it lies. */
  written: readonly string[];
}

/** Looks at each repository, without changing any. */
export async function inspectRepositories(
  repositories: readonly KasRepository[],
  inputs: BuildInputs,
): Promise<RepositoryState[]> {
  const all = await Promise.all(repositories.map(async (one) => ({ ...one, path: await resolved(one.path) })));
  const paths = all.map((one) => one.path);
  const [layers, files, written] = [
    await resolveAll(inputs.layers),
    await resolveAll(inputs.files),
    await resolveAll(inputs.written),
  ];
  const look = async (one: KasRepository): Promise<RepositoryState> => {
    const others = paths.filter((path) => path !== one.path && isWithin(path, one.path));
    return await inspect(one, {
      layers: layers.filter((layer) => isWithin(layer, one.path) && !others.some((path) => isWithin(layer, path))),
      files,
      written: [...written, ...others],
    });
  };
  const states = await Promise.all(all.map(look));
  const product = await productRepository(states, files);
  return product === undefined ? states : [...states, await look(product)];
}

/** The repository of the kas files, where `repos:` does not have it: a product may hold nothing else. */
async function productRepository(
  states: readonly RepositoryState[],
  files: readonly string[],
): Promise<KasRepository | undefined> {
  const folder = dirname(files[0] ?? '.');
  const top = (await headOf(folder))?.top;
  const locals = states.filter((one) => one.url === undefined);
  const isKnown = top === undefined ? locals.length > 0 : locals.some((one) => one.head?.top === top);
  return isKnown ? undefined : { name: 'of the kas files', path: top ?? folder };
}

const resolveAll = async (paths: readonly string[]): Promise<string[]> => await Promise.all(paths.map(resolved));

/** @param inputs those of this repository */
async function inspect(repository: KasRepository, inputs: BuildInputs): Promise<RepositoryState> {
  const head = await headOf(repository.path);
  if (head === undefined || !(await isCommitted(repository.path))) return { ...repository, problems: [] };
  const { pin, path } = repository;
  const problems = pin === undefined ? [] : await differsFromPin(pin, path, head);
  const changes = await changesRead(repository, head.top, inputs);
  if (changes.length > 0) problems.push(`has changes that no commit names: ${few(changes)}`);
  return { ...repository, head, problems };
}

async function differsFromPin(pin: Pin, path: string, head: Head): Promise<string[]> {
  const asked = await pinnedCommit(pin, path);
  const name = pin.name === asked ? asked.slice(0, 12) : `${pin.kind} ${pin.name}`;
  if (asked === undefined) return [`does not have the ${pin.kind} ${pin.name} that the kas files ask for`];
  if (asked === head.commit) return [];
  const which = pin.name === asked ? '' : ` (${asked.slice(0, 12)})`;
  return [`is at ${head.commit.slice(0, 12)}, the kas files ask for ${name}${which}`];
}

/** As kas resolves it: a refspec is a branch of the remote before anything else. */
async function pinnedCommit({ kind, name }: Pin, path: string): Promise<string | undefined> {
  const short = name.replace(/^refs\//, '');
  switch (kind) {
    case 'commit':
      return await commitOf(path, name);
    case 'tag':
      return await commitOf(path, `refs/tags/${name}`);
    case 'branch':
      return await commitOf(path, `refs/remotes/origin/${short}`);
    case 'refspec':
      return (await commitOf(path, `refs/remotes/origin/${short}`)) ?? (await commitOf(path, short));
  }
}

/**
 * Changes that reach a build. Of what kas fetched: each tracked file. Of a
 * folder that is there anyway, usually the product's own repository, which
 * holds the plan as well: the layers and kas files, or all of it when it has
 * no layers but a folder of its own, as a repository with BitBake has.
 */
async function changesRead(repository: KasRepository, top: string, inputs: BuildInputs): Promise<string[]> {
  const { path, url } = repository;
  const { layers, written } = inputs;
  const files = inputs.files.filter((file) => isWithin(file, path) && !written.some((one) => isWithin(file, one)));
  const own = layers.length === 0 && path !== top ? [path] : layers;
  const scope = url === undefined ? [...own, ...files] : [path];
  if (scope.length === 0) return [];
  const readsUntracked = (file: string): boolean =>
    files.includes(file) || (url === undefined ? own : layers).some((folder) => isWithin(file, folder));
  const counts = ({ path: name, kind }: Change): boolean => {
    const file = join(top, name);
    if (written.some((one) => isWithin(file, one))) return false;
    if (kind === 'tracked') return true;
    return readsUntracked(file) && (kind === 'untracked' || isMetadata(name));
  };
  return (await changesIn(top, scope)).filter(counts).map((one) => one.path);
}

/** What BitBake reads although git ignores it; editors and Python leave other things in layers. */
const isMetadata = (path: string): boolean =>
  ['.bb', '.bbappend', '.bbclass', '.inc', '.conf'].includes(extname(path)) && dirname(path) !== '.git';

const few = (paths: readonly string[]): string =>
  `${paths.slice(0, 3).join(', ')}${paths.length > 3 ? ` and ${paths.length - 3} more` : ''}`;

/**
 * Refuses repositories that are not what the kas files ask for.
 *
 * @param when `before 1.2.0 was built`, or the like
 * @throws ReleasePlanError `layer-not-at-pin` with a line per repository
 */
export function requirePinned(states: readonly RepositoryState[], workDir: string, when: string): void {
  const lines = problemsOf(states, workDir);
  if (lines.length === 0) return;
  throw new ReleasePlanError('layer-not-at-pin', [`${when}:`, ...lines.map((line) => `  ${line}`)].join('\n'));
}

/** A line for each problem of any repository. */
export const problemsOf = (states: readonly RepositoryState[], workDir: string): string[] =>
  states.flatMap((one) => one.problems.map((problem) => `${shownAs(one, workDir)} ${problem}`));

/**
 * A line for each repository that moved between two looks: somebody checked out another commit, or other patches.
 */
export function movedBetween(
  before: readonly RepositoryState[],
  after: readonly RepositoryState[],
  workDir: string,
): string[] {
  return after.flatMap((one) => {
    const first = before.find(({ path }) => path === one.path)?.head;
    if (first?.commit === one.head?.commit && first?.patchedTree === one.head?.patchedTree) return [];
    return [`${shownAs(one, workDir)} moved from ${namedHead(first)} to ${namedHead(one.head)}`];
  });
}

/** A commit for manifests and messages; one with patches is named by what they led to as well. */
export const namedHead = (head: Head | undefined): string => {
  if (head === undefined) return 'no commit';
  return head.patchedTree === undefined ? head.commit : `${head.commit}-patched-${head.patchedTree.slice(0, 12)}`;
};

const shownAs = ({ name, path }: KasRepository, workDir: string): string => {
  const where = relative(workDir, path) || '.';
  return where === name ? `repository ${name}` : `repository ${name} (${where})`;
};
