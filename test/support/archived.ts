/** A product whose versions are in the archive without a build: random images, everything else as apply makes it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { archiveVersion } from '../../src/archive/collect.ts';
import type { BuildConfiguration } from '../../src/core/archive.ts';
import type { Plan } from '../../src/core/plan.ts';
import { requirePlan } from '../../src/plan/load.ts';
import { signature } from '../../src/rdiff/index.ts';
import { configuration } from './manifests.ts';
import { vouchFor } from '../../src/delivery/swupdate/vouched.ts';
import { noise } from './noise.ts';
import { product, type Product } from './product.ts';
import { scratch } from './scratch.ts';

export const IMAGE = 'image-prod-tolomeo-qemux86-64.squashfs';
const IMAGE_BYTES = 200_000;
/** An image whose full package is larger than a delta with the padding for old clients. */
export const LARGE_IMAGE_BYTES = 2_000_000;

export const VERSIONS = ['0.1.0', '0.2.0', '0.3.0'];

export interface ArchivedProduct extends Product {
  /** The plan as it stands now. */
  load(): Promise<Plan>;
  image(version: string): string;
  update(from: string, to?: string): string;
}

/** Each version in the archive, their updates made by `apply`. */
export async function archivedProduct(
  name: string,
  versions: readonly string[] = VERSIONS,
  imageBytes = IMAGE_BYTES,
): Promise<ArchivedProduct> {
  const here = product(name);
  here.edit((plan) => {
    plan.versions = versions.map((version) => ({
      version,
      ...(version === versions.at(-1) ? {} : { tags: ['promoted'] }),
    }));
    for (const rule of plan.deltas) rule.to = versions.at(-1) ?? '';
  });
  const load = async (): Promise<Plan> => (await requirePlan('plan.yml', { cwd: here.dir })).plan;
  for (const version of versions) await archive(await load(), version, imageBytes);
  const run = await here.run(['apply', 'plan.yml']);
  if (run.exitCode !== 0) throw new Error(`apply ended with ${run.exitCode}: ${run.stderr}${run.stdout}`);
  return {
    ...here,
    load,
    image: (version) => join(here.archive, version, IMAGE),
    update: (from, to = versions.at(-1) ?? '') => join(here.archive, to, 'updates', `from_${from}`),
  };
}

/** A version with an image that shares most of its bytes with the others. */
export async function archive(plan: Plan, version: string, imageBytes = IMAGE_BYTES): Promise<void> {
  await archiveWith(plan, version, (image) => {
    const bytes = noise(imageBytes, 1);
    bytes.set(noise(5_000, 1000 + Number(version.replaceAll('.', ''))), 50_000);
    writeFileSync(image, bytes);
  });
}

/** A version with an image that `write` puts at a path, as if a build of this configuration had made it. */
export async function archiveWith(
  plan: Plan,
  version: string,
  write: (image: string) => void,
  ofBuild: BuildConfiguration = configuration(),
): Promise<void> {
  const deploy = join(scratch('deploy'), version);
  mkdirSync(deploy);
  write(join(deploy, IMAGE));
  writeFileSync(join(deploy, 'collected.txt'), `kept of ${version}\n`);
  const vouch = vouchFor(plan, version, { env: process.env, signal: new AbortController().signal });
  await archiveVersion({
    key: plan,
    product: plan.product,
    distro: plan.distro,
    version,
    deploy,
    partitions: plan.partitions,
    collect: ['collected.txt'],
    configuration: ofBuild,
    proof: [{ check: 'build-version', result: 'pass', detail: `rootfs: ${version}` }],
    tools: {},
    makeSignature: async (image, out) => void (await signature(image, out)),
    ...(vouch === undefined ? {} : { vouch }),
  });
}
