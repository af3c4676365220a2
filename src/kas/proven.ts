/**
 * What was proven and archived of the images that still stand in a build
 * directory: the proof that a later run may take, since BitBake makes no image
 * twice of the same inputs.
 */
import { lstat, readFile, readdir, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { writeFileAtomic } from '../io/atomic.ts';
import { openSealedJson, sealJson } from '../text/json.ts';
import { ifPresent } from '../io/present.ts';
import type { BuildConfiguration } from '../core/archive.ts';
import type { BuildDirectory } from './build-directory.ts';
import type { PendingBuild } from './pending.ts';

/** Whose images they are. */
export interface ProductKey {
  machine: string;
  distro: string;
  image: string;
}

/** An image as it was when it was proven. */
interface ProvenImage extends ProductKey {
  version: string;
  sha256: string;
  configuration: BuildConfiguration;
  /** When its build was first started, as the file system stamps it; decimal nanoseconds. */
  startedAtNs: string;
}

/** By path below the build directory. */
type ProvenImages = Record<string, ProvenImage>;

const fileOf = (directory: BuildDirectory): string => join(directory.notes, 'proven.json');

/** A damaged record is none: then an older image is stale, and the build has to be made again. */
async function readProven(directory: BuildDirectory): Promise<ProvenImages> {
  const opened = openSealedJson((await ifPresent(readFile(fileOf(directory), 'utf8'))) ?? '');
  // The seal holds, so the shape is what a release of this program wrote.
  return 'value' in opened && opened.value.schema === 1 ? (opened.value.images as ProvenImages) : {};
}

/**
 * Records that the images of a build were proven and archived. Records of
 * images that are gone, as the next build makes them, are dropped.
 *
 * @param images absolute path and sha256 as archived
 */
export async function rememberProven(
  directory: BuildDirectory,
  pending: PendingBuild,
  key: ProductKey,
  images: ReadonlyArray<{ path: string; sha256: string }>,
): Promise<void> {
  const { machine, distro, image } = key;
  const { version, configuration, startedAtNs } = pending;
  const known = await readProven(directory);
  for (const { path, sha256 } of images)
    known[relative(directory.path, path)] = {
      machine,
      distro,
      image,
      version,
      sha256,
      configuration,
      startedAtNs: String(startedAtNs),
    };
  const standing: ProvenImages = {};
  for (const [path, one] of Object.entries(known))
    if ((await ifPresent(stat(resolve(directory.path, path)))) !== undefined) standing[path] = one;
  await writeFileAtomic(fileOf(directory), sealJson({ schema: 1, images: standing }));
}

/** An older image, and the build that it is to stand for. */
export interface EarlierQuestion {
  /** The image, absolute. */
  path: string;
  sha256: string;
  key: ProductKey;
  pending: PendingBuild;
  /** Where kas runs: layers are named relative to it. */
  workDir: string;
}

/**
 * Why an image that an earlier build left may not stand for this one, or
 * undefined when it may: it was proven and archived as this very version, from
 * the same configuration and the same commits, and has the same bytes. What is
 * archived of it now then says nothing that it did not say the first time.
 */
export async function objectionToEarlier(
  directory: BuildDirectory,
  { path, sha256, key, pending, workDir }: EarlierQuestion,
): Promise<string | undefined> {
  const known = (await readProven(directory))[relative(directory.path, path)];
  if (known === undefined) return 'nothing in the build directory says what it was built from';
  const { version, configuration } = pending;
  if (known.version !== version) return `it was archived as ${known.version}`;
  for (const name of ['machine', 'distro', 'image'] as const)
    if (known[name] !== key[name]) return `it was archived for ${name} ${known[name]}`;
  if (known.sha256 !== sha256) return `it was altered since it was archived as ${version}`;
  if (known.configuration.digest !== configuration.digest)
    return (
      'it was built from another configuration: ' +
      `${differing(known.configuration.settings, configuration.settings).join(', ')}`
    );
  const moved = differing(known.configuration.layers, configuration.layers).map(
    (name) =>
      `${name} was at ${known.configuration.layers[name] ?? 'no commit'}, is at ` +
      `${configuration.layers[name] ?? 'no commit'}`,
  );
  if (moved.length > 0) return `it was built from other layers: ${moved.join('; ')}`;
  const changed = await changedSince(BigInt(known.startedAtNs), unpinnedLayers(configuration, workDir), directory.path);
  return changed === undefined
    ? undefined
    : `${changed}, in a layer without a clean commit, was changed since it was built`;
}

/** Names whose values differ; only a few, for a message. */
const differing = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((name) => a[name] !== b[name])
    .sort()
    .slice(0, 3);

/** The layers whose content no commit names: outside of any repository, or in one with changes. */
function unpinnedLayers({ settings, layers }: BuildConfiguration, workDir: string): string[] {
  const pinned = Object.entries(layers)
    .filter(([, commit]) => !commit.endsWith('-dirty'))
    .map(([name]) => resolve(workDir, name));
  const folders = Object.keys(settings)
    .filter((name) => name.startsWith('layer '))
    .map((name) => resolve(workDir, name.slice('layer '.length)));
  return folders.filter((folder) => !pinned.some((top) => !relative(top, folder).startsWith('..')));
}

/** Not part of what a layer says: git's own files, and ours. */
const NOT_LAYER: ReadonlySet<string> = new Set(['.git', '.release-plan']);

/**
 * What changed in some folders after a time, by ctime, which no program sets
 * back; a name that came or went changes its folder. The build directory may lie in one.
 */
async function changedSince(
  sinceNs: bigint,
  folders: readonly string[],
  buildDir: string,
): Promise<string | undefined> {
  for (const folder of folders) {
    if ((await lstat(folder, { bigint: true })).ctimeNs >= sinceNs) return folder;
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (path === buildDir || NOT_LAYER.has(entry.name)) continue;
      if (entry.isDirectory()) {
        const below = await changedSince(sinceNs, [path], buildDir);
        if (below !== undefined) return below;
      } else if ((await lstat(path, { bigint: true })).ctimeNs >= sinceNs) return path;
    }
  }
  return undefined;
}
