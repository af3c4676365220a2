/**
 * What a build says of itself, where the product has it do so: kept with the
 * version, so that two versions can be compared by package and licence.
 *
 * @see Yocto: create-spdx.bbclass, license_image.bbclass, buildhistory.bbclass, cve-check.bbclass, vex.bbclass,
 *   rootfs manifests; meta-cyclonedx; kas 4.8, build --provenance
 */
import { open, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { glob } from 'tinyglobby';
import { ifPresent } from '../io/present.ts';
import type { BuildRecordKind } from '../core/archive.ts';

/** One record of a build. */
export interface BuildRecord {
  /** Absolute. */
  path: string;
  kind: BuildRecordKind;
}

/** Where to look, and for what. */
export interface RecordPlaces {
  /** Where the build left its images. */
  deploy: string;
  buildDir: string;
  machine: string;
  image: string;
  /** What is older was left by another build; see kas/pending.ts. */
  startedAtNs: bigint;
  /** The plan asked kas for provenance. */
  hasProvenance: boolean;
}

/** @returns sorted by kind and name; one record per name and kind */
export async function findRecords(places: RecordPlaces): Promise<BuildRecord[]> {
  const { deploy, buildDir, machine, image, startedAtNs, hasProvenance } = places;
  // DEPLOY_DIR of deploy/images/<machine>; a product may have its images elsewhere.
  const above = basename(dirname(deploy)) === 'images' ? dirname(dirname(deploy)) : join(buildDir, 'tmp/deploy');
  const name = `${literal(image)}-${literal(machine)}`;
  const isNew = async (path: string): Promise<boolean> => (await stat(path, { bigint: true })).ctimeNs >= startedAtNs;
  const newOnly = async (paths: string[]): Promise<string[]> => {
    const are = await Promise.all(paths.map(isNew));
    return paths.filter((_path, index) => are[index]);
  };
  const licences = await newOnly(await within(above, [`licenses/**/${name}*/*.manifest`]));
  const found: Record<BuildRecordKind, string[]> = {
    packages: await named(deploy, [`${name}*.manifest`]),
    // A version's own files replace those of the version before, as its images do.
    sbom: [
      ...(await named(deploy, [`${name}*.spdx.json`, `${name}*.spdx.tar.*`, `${name}*.cdx.json`])),
      ...(await newOnly(await within(above, ['cyclonedx-export/*.json']))),
    ],
    licenses: await newestFolder(licences),
    buildhistory: await newOnly(await within(join(buildDir, 'buildhistory/images'), [`*/*/${literal(image)}/*.txt`])),
    cves: await cveLists(await named(deploy, [`${name}*.json`])),
    provenance: hasProvenance ? await newOnly(await within(join(buildDir, 'attestation'), ['*.json'])) : [],
  };
  return Object.entries(found).flatMap(([kind, paths]) => {
    const byName = new Map(paths.map((path) => [basename(path), path]));
    return [...byName.values()].sort().map((path) => ({ path, kind: kind as BuildRecordKind }));
  });
}

/** A check's list names its first package with the version of the format before it. */
const HEAD_BYTES = 64 * 1024;

/** Of the JSON beside an image, which Yocto gives no ending of its own, the lists of cve-check and vex. */
async function cveLists(paths: readonly string[]): Promise<string[]> {
  const lists: string[] = [];
  for (const path of paths) {
    const handle = await open(path);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      const head = buffer.toString('utf8', 0, bytesRead);
      if (/^\s*\{\s*"version"\s*:\s*"1"\s*,\s*"package"\s*:\s*\[/.test(head)) lists.push(path);
    } finally {
      await handle.close();
    }
  }
  return lists;
}

/** Names are the plan's, patterns are ours. */
const literal = (name: string): string => name.replace(/[*?[\]{}()!+@\\]/g, String.raw`\$&`);

/** Files below a folder that may not be there, absolute and sorted. */
async function within(folder: string, patterns: string[], followSymbolicLinks = false): Promise<string[]> {
  if ((await ifPresent(stat(folder))) === undefined) return [];
  return (await glob(patterns, { cwd: folder, onlyFiles: true, absolute: true, followSymbolicLinks })).sort();
}

/**
 * Of a file with the version in its name and the link without, which Yocto leaves beside it, only the link: its name is
 * the same for all versions.
 */
async function named(folder: string, patterns: string[]): Promise<string[]> {
  const shortest = new Map<string, string>();
  for (const path of await within(folder, patterns, true)) {
    const real = await realpath(path);
    const known = shortest.get(real);
    if (known === undefined || path.length < known.length) shortest.set(real, path);
  }
  return [...shortest.values()];
}

/** Licences lie in a folder per build; the last one is this build's. */
async function newestFolder(paths: readonly string[]): Promise<string[]> {
  let newest: { folder: string; mtimeMs: number } | undefined;
  for (const folder of new Set(paths.map((path) => dirname(path)))) {
    const { mtimeMs } = await stat(folder);
    if (newest === undefined || mtimeMs > newest.mtimeMs) newest = { folder, mtimeMs };
  }
  return paths.filter((path) => dirname(path) === newest?.folder);
}
