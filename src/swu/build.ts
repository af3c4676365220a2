/** From payloads to a signed .swu: describe, sign, pack. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { ReleasePlanError } from '../core/errors.ts';
import { digestBytes, digestFile, type FileDigest } from '../io/hash.ts';
import { readRegularText } from '../io/regular.ts';
import { templatePath } from '../io/template.ts';
import { STAGING_PREFIX } from '../io/atomic.ts';
import type { Partition, SigningSettings, SwuSettings } from '../core/plan.ts';
import type { MemberSource } from './cpio.ts';
import { describeUpdate, type Compression, type UpdatePartition } from './description.ts';
import { readListing } from './listing.ts';
import { DESCRIPTION, packSwu, SIGNATURE } from './pack.ts';
import { signDescription, type SigningContext } from './sign.ts';

/** One partition of an update, with its payload as a file. */
export interface SwuPartition {
  /** Name of the partition, as in the plan. */
  name: string;
  target: Partition['target'];
  /** `rdiff`: the payload is a librsync delta; `raw`: it is the image. */
  kind: 'rdiff' | 'raw';
  /** The payload as it goes into the .swu: already compressed when `compression` says so. */
  payload: string;
  compression: Compression;
  /** Size of the payload before compression. */
  decompressedSizeBytes: number;
  /** The image that must stand on the target afterwards, uncompressed. */
  image: FileDigest;
  /** The image that the base must hold; needed for `rdiff`. */
  base?: FileDigest;
}

export interface SwuRequest {
  product: string;
  machine: string;
  from: string;
  to: string;
  swu: SwuSettings;
  partitions: readonly SwuPartition[];
  /** Not signed without. */
  signing?: SigningSettings;
  context: SigningContext;
  /** The .swu; replaced when it exists. Whoever calls gives it its final name. */
  out: string;
}

/** A .swu that was made. */
export interface BuiltSwu extends FileDigest {
  /** Names in their order. */
  members: string[];
  /** What a reader of the report should know, one sentence each. */
  notes: string[];
  /** `certificate-expires-soon`. */
  warnings: Diagnostic[];
}

const SUFFIX: Readonly<Record<Compression, string>> = { gzip: '.gz', zstd: '.zst', none: '' };

/** Name of a partition's payload as a member: `rootfs.delta.gz`, `boot.img.zst`, ... */
export const payloadName = (partition: Pick<SwuPartition, 'name' | 'kind' | 'compression'>): string =>
  `${partition.name}${partition.kind === 'rdiff' ? '.delta' : '.img'}${SUFFIX[partition.compression]}`;

/**
 * Makes a .swu: sw-description from the template, its signature, the guard, the payloads.
 *
 * Equal requests give equal bytes, except for the signatures of `rsa-pss` and
 * `cms`, which hold random bytes and a time. Member times are
 * SOURCE_DATE_EPOCH of the context's environment, or 0.
 *
 * @throws ReleasePlanError as {@link describeUpdate}, {@link signDescription} and {@link packSwu} do
 */
export async function buildSwu(request: SwuRequest): Promise<BuiltSwu> {
  const { context, out, signing, swu } = request;
  const work = await mkdtemp(join(dirname(out), `${STAGING_PREFIX}swu-`));
  try {
    const guard = await guardOf(request);
    const partitions = await Promise.all(request.partitions.map((one) => described(one, context.signal)));
    const template = await readRegularText(swu.template ?? templatePath('sw-description.hbs'));
    const { text, notes } = describeUpdate({ ...request, partitions, template, ...guard.described });
    requireListed(text, request.to, partitions);
    const description = join(work, DESCRIPTION);
    await writeFile(description, text);
    const members: MemberSource[] = [{ name: DESCRIPTION, path: description }];
    const warnings: Diagnostic[] = [];
    if (signing === undefined) notes.push('not signed: the plan has no signing');
    else {
      const signature = join(work, SIGNATURE);
      warnings.push(...(await signDescription(description, signature, signing, context)));
      members.push({ name: SIGNATURE, path: signature });
    }
    members.push(...guard.members, ...request.partitions.map((one) => ({ name: payloadName(one), path: one.payload })));
    const { padded, ...packed } = await packSwu({
      members,
      out,
      mtimeSeconds: mtimeOf(context.env),
      ...(context.signal ? { signal: context.signal } : {}),
    });
    if (padded) notes.push('padded, since SWUpdate before 2024.12 stumbles over packages that fit its socket buffer');
    return { ...packed, notes, warnings };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** A template of the user's own may forget a payload: devices would then succeed and update nothing. */
function requireListed(text: string, version: string, partitions: readonly UpdatePartition[]): void {
  const listing = readListing(text);
  if (listing.version !== version)
    throw new ReleasePlanError(
      'swu-template',
      `the sw-description template sets version ${listing.version ?? '(none)'}, not ${version}`,
    );
  for (const { payloadName: name, payload } of partitions) {
    const found = listing.members.find((one) => one.filename === name);
    if (found === undefined)
      throw new ReleasePlanError('swu-template', `the sw-description template does not list ${name}`);
    if (found.sha256 !== payload.sha256)
      throw new ReleasePlanError(
        'swu-template',
        `the sw-description template sets the sha256 of ${name} to ${found.sha256 ?? '(none)'}, not ${payload.sha256}`,
      );
  }
}

async function described(partition: SwuPartition, signal: AbortSignal | undefined): Promise<UpdatePartition> {
  return { ...partition, payloadName: payloadName(partition), payload: await digestFile(partition.payload, signal) };
}

/** The base guard: members to add, and what the template is told of it. */
async function guardOf(
  request: SwuRequest,
): Promise<{ members: MemberSource[]; described: { guardScript?: { name: string } & FileDigest; guardLua?: string } }> {
  const { guard } = request.swu;
  if (guard === 'none' || request.partitions.every((one) => one.kind === 'raw')) return { members: [], described: {} };
  const name = 'check-base.sh';
  const bytes = await readFile(templatePath(name));
  // One guard, called at two moments: the hook runs the script that would else be a member.
  if (guard === 'lua') {
    const hook = await readFile(templatePath('check-base.lua'), 'utf8');
    return {
      members: [],
      described: { guardLua: `check_base_script = [==[\n${bytes.toString('utf8')}]==]\n${hook}` },
    };
  }
  return { members: [{ name, bytes }], described: { guardScript: { name, ...digestBytes(bytes) } } };
}

/** @see https://reproducible-builds.org/specs/source-date-epoch/ */
function mtimeOf(env: SigningContext['env']): number {
  const epoch = env.SOURCE_DATE_EPOCH ?? '';
  return /^\d{1,10}$/.test(epoch) && Number(epoch) <= 0xffff_ffff ? Number(epoch) : 0;
}
