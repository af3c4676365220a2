/**
 * Nothing is built on a version that the release key does not vouch for, or
 * that contradicts what else is known of it: whoever may write into the archive
 * may not have a package signed by that alone.
 */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { takeInventory } from '../../archive/inventory.ts';
import { MANIFEST, MANIFEST_SIGNATURE, swuName, updateDir } from '../../archive/layout.ts';
import type { ArchiveEntry, VersionManifest } from '../../core/archive.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { pairText } from '../../core/pair.ts';
import type { Plan } from '../../core/plan.ts';
import type { Registry } from '../../fleet/registry.ts';
import { digestBytes } from '../../io/hash.ts';
import { ifPresent } from '../../io/present.ts';
import { readRegular } from '../../io/regular.ts';
import { signedDescription } from '../../swu/open.ts';
import { isVouched, signStatement, vouchingKeys, type ManifestStatement } from '../../swu/statement.ts';
import type { Host } from '../host.ts';
import { registryOf } from '../inputs.ts';
import type { Snapshot } from '../snapshot.ts';
import { swupdateTargetName } from './target.ts';
import type { UpdateSide } from './update.ts';

type KeyHost = Pick<Host, 'env' | 'signal'>;

/** What the signature of a version is over. @param digest sha256 of its manifest's file */
export const statementOf = (plan: Plan, version: string, digest: string): ManifestStatement => ({
  product: plan.product,
  machine: plan.machine,
  image: plan.image,
  version,
  digest,
});

/** Signs the manifest of a version that was just proven; nothing where the plan signs nothing. */
export const vouchFor = (
  plan: Plan,
  version: string,
  { env, signal }: KeyHost,
): ((digest: string) => Promise<Uint8Array>) | undefined => {
  const { signing } = plan;
  if (signing === undefined) return undefined;
  return async (digest) =>
    await signStatement(statementOf(plan, version, digest), signing, { env, planDir: plan.dir, signal });
};

/** Why a version is not vouched for: a line for each that is not. The others are as they were. */
export async function vouchedVersions(
  plan: Plan,
  versions: ReadonlyMap<string, ArchiveEntry<VersionManifest>>,
  env: NodeJS.ProcessEnv,
): Promise<Map<string, ArchiveEntry<VersionManifest>>> {
  const found = new Map(versions);
  if (plan.signing === undefined) return found;
  const keys = await vouchingKeys(plan.signing, { env, planDir: plan.dir });
  // Without any public half nobody can tell; packages are not checked against one either.
  if (keys.length === 0) return found;
  for (const [version, entry] of versions) {
    const manifest =
      entry.state === 'whole' ? entry.manifest : entry.state === 'damaged' ? entry.found?.manifest : undefined;
    if (manifest === undefined || entry.state === 'absent') continue;
    const { dir } = entry;
    const { problem } = await signatureOf(plan, version, dir, keys, env);
    if (problem === undefined) continue;
    const before = entry.state === 'damaged' ? entry : { problems: [], found: { manifest, files: [] } };
    found.set(version, {
      state: 'damaged',
      dir,
      problems: [...before.problems, problem],
      found: before.found ?? { manifest, files: [] },
    });
  }
  return found;
}

/** How the signature of a version stands; `problem` is absent when a key of the plan made it. */
export async function signatureOf(
  plan: Plan,
  version: string,
  dir: string,
  keys: Awaited<ReturnType<typeof vouchingKeys>>,
  env: NodeJS.ProcessEnv,
): Promise<{ digest: string; isMissing: boolean; problem?: string }> {
  const path = join(dir, MANIFEST);
  const signatureFile = join(dir, MANIFEST_SIGNATURE);
  const { sha256: digest } = digestBytes(await readRegular(path));
  const kind = await ifPresent(lstat(signatureFile));
  // A link could lead to another signature at any time.
  if (kind !== undefined && !kind.isFile())
    return { digest, isMissing: false, problem: `${signatureFile} was replaced by a link, or is no file` };
  const signature = await ifPresent(readRegular(signatureFile));
  if (signature === undefined)
    return { digest, isMissing: true, problem: `${path} is not signed: ${signatureFile} is missing` };
  const { signing } = plan;
  const isHeld =
    signing !== undefined &&
    (await isVouched(statementOf(plan, version, digest), signature, { signing, keys }, { env, planDir: plan.dir }));
  return isHeld
    ? { digest, isMissing: false }
    : {
        digest,
        isMissing: false,
        problem: `${path} was not signed by a key of the plan: ${signatureFile} is not over it`,
      };
}

/**
 * Before the first package is signed: a version that was altered is no accident
 * of one delta, so nothing at all is signed.
 *
 * @param names versions that packages are to be made of; those that are not there yet are made and vouched for here
 * @throws ReleasePlanError `archive-damaged` when no key of the plan vouches for a version,
 *   `archive-contradicted` when something else knows it with other bytes
 */
export async function requireVouched(
  { inputs, archive }: Snapshot,
  names: Iterable<string>,
  host: KeyHost,
): Promise<void> {
  const { plan } = inputs;
  if (plan.signing === undefined) return;
  const problems: string[] = [];
  for (const version of names) {
    const entry = archive.versions.get(version);
    if (entry?.state === 'damaged' && isUnvouched(entry))
      throw new ReleasePlanError('archive-damaged', entry.problems.join('; '), {
        hint: 'For what was archived before manifests were signed: `release-plan verify PLAN --sign-manifests`.',
      });
    if (entry?.state === 'whole') problems.push(...(await contradictions(plan, entry, registryOf(inputs), host)));
  }
  if (problems.length > 0) throw new ReleasePlanError('archive-contradicted', problems.join('; '));
}

/** Its files are what the manifest says, and nobody vouches for the manifest: see {@link vouchedVersions}. */
const isUnvouched = ({ found }: Extract<ArchiveEntry<VersionManifest>, { state: 'damaged' }>): boolean =>
  found?.files.length === 0;

/**
 * Looks at the signature once more, at the last moment before a package is made.
 *
 * @throws ReleasePlanError `archive-damaged`
 */
export async function requireSigned(plan: Plan, side: UpdateSide, host: KeyHost): Promise<void> {
  const { version } = side.manifest;
  const entry: ArchiveEntry<VersionManifest> = { state: 'whole', ...side };
  const looked = (await vouchedVersions(plan, new Map([[version, entry]]), host.env)).get(version);
  if (looked?.state === 'damaged') throw new ReleasePlanError('archive-damaged', looked.problems.join('; '));
}

/**
 * What knows an archived version with other bytes, a line each: the registry, and signed packages from it and to it.
 */
export async function contradictions(
  plan: Plan,
  { manifest, dir }: UpdateSide,
  registry: Registry,
  host: KeyHost,
): Promise<string[]> {
  const { version } = manifest;
  const { sha256 } = digestBytes(await readRegular(join(dir, MANIFEST)));
  const target = registry.targets.find((one) => one.name === swupdateTargetName(plan, version));
  const problems: string[] = [];
  if (target !== undefined && target.sha256 !== sha256)
    problems.push(
      `${registry.file} has the manifest of ${version} with sha256 ${target.sha256}, in the archive it has ${sha256}`,
    );
  const images = manifest.files.filter((one) => one.role === 'image');
  const { pairs } = await takeInventory(plan);
  for (const pair of pairs.filter(({ from, to }) => from === version || to === version)) {
    const path = join(updateDir(plan, pair.from, pair.to), swuName(pair.from, pair.to));
    const description = await signedTextOf(path, plan, host);
    if (description === undefined) continue;
    // A template of the user's may name neither: then it says nothing.
    const says = pair.to === version ? /type\s*=\s*"readback"|"type"\s*:\s*"readback"/ : /check-base|base-sha256/;
    const names = pair.to === version ? hashesOf(description) : basesOf(description);
    const unknown = images.filter((one) => !names.has(one.sha256) && isNamed(description, one.partition));
    if (says.test(description) && names.size > 0 && unknown.length > 0)
      problems.push(
        `the signed package ${pairText(pair)} knows ${unknown.map((one) => one.path).join(', ')} of ${version} with ` +
          'another sha256',
      );
  }
  return problems;
}

const SHA256 = /\b[0-9a-f]{64}\b/g;

const hashesOf = (text: string): Set<string> => new Set(text.match(SHA256));
const basesOf = hashesOf;

/** Whether a package updates a partition at all: one that is left out says nothing of it. */
const isNamed = (description: string, partition: string | undefined): boolean =>
  partition !== undefined && description.includes(`"${partition}"`);

async function signedTextOf(path: string, plan: Plan, { env, signal }: KeyHost): Promise<string | undefined> {
  const { signing } = plan;
  if (signing?.public === undefined) return undefined;
  const trust = { method: signing.method, public: signing.public, env, planDir: plan.dir, signal };
  return await ifPresent(signedDescription(path, trust));
}
