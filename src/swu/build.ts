/** From payloads to a signed .swu: describe, sign, pack. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { ReleasePlanError } from '../core/errors.ts';
import { digestBytes, digestFile, type FileDigest } from '../io/hash.ts';
import { readRegularText } from '../io/regular.ts';
import { templatePath } from '../io/template.ts';
import { STAGING_PREFIX } from '../io/atomic.ts';
import type { SigningSettings, SwuSettings } from '../core/plan.ts';
import { encryptBytes, encryptFile, freshIv, readAesKey, type AesKey } from './aes.ts';
import type { MemberSource } from './cpio.ts';
import { describeUpdate, type Compression, type UnchangedPartition, type UpdatePartition } from './description.ts';
import { handlerOf, type Placed } from './devices.ts';
import { GUARD_SCRIPT, guardLua, guardScript } from './guard-files.ts';
import type { SigningContext } from './keys.ts';
import { readListing } from './listing.ts';
import { DESCRIPTION, packSwu, SIGNATURE } from './pack.ts';
import { ownMembers } from './own.ts';
import { signDescription } from './sign.ts';

/** One partition of an update, with its payload as a file. */
export interface SwuPartition extends Placed {
  /** The payload as it goes into the .swu before encryption: already compressed when `compression` says so. */
  payload: string;
  compression: Compression;
  /** Size of the payload before compression. */
  decompressedSizeBytes: number;
  /** The image that must stand on the target afterwards, uncompressed. */
  image: FileDigest;
  /** The image that the base must hold; needed for a delta. */
  base?: FileDigest;
}

export interface SwuRequest {
  product: string;
  machine: string;
  /** The version that devices come from; undefined for a full package. */
  from?: string;
  to: string;
  swu: SwuSettings;
  partitions: readonly SwuPartition[];
  /** Left out, since both versions have the same image; the guard looks for them. */
  unchanged?: readonly UnchangedPartition[];
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
export const payloadName = (partition: Pick<SwuPartition, 'name' | 'delta' | 'compression'>): string =>
  `${partition.name}${partition.delta?.suffix ?? '.img'}${SUFFIX[partition.compression]}`;

/**
 * Makes a .swu: sw-description from the template, its signature, the guard, the payloads.
 *
 * Equal requests give equal bytes, except for the signatures of `rsa-pss` and
 * `cms`, which hold random bytes and a time, and for what is encrypted, which
 * has a fresh iv each time. Member times are SOURCE_DATE_EPOCH of the
 * context's environment, or 0.
 *
 * @throws ReleasePlanError as {@link describeUpdate}, {@link signDescription},
 *   {@link readAesKey} and {@link packSwu} do
 */
export async function buildSwu(request: SwuRequest): Promise<BuiltSwu> {
  const { context, out, signing, swu } = request;
  const work = await mkdtemp(join(dirname(out), `${STAGING_PREFIX}swu-`));
  try {
    const aes = swu.encrypt === undefined ? undefined : await readAesKey(swu.encrypt.key, context);
    const guard = await guardOf(request);
    const own = await ownMembers(swu, context.signal);
    const payloads = await preparePayloads(request.partitions, { aes, work, signal: context.signal });
    const partitions = payloads.map((one) => one.described);
    const template = await readRegularText(swu.template ?? templatePath('sw-description.hbs'));
    const { text, notes } = describeUpdate({
      ...request,
      partitions,
      ownScripts: own.scripts,
      ownFiles: own.files,
      template,
      ...guard.described,
    });
    requireListed(text, request.to, partitions);
    const description = join(work, DESCRIPTION);
    await writeFile(description, text);
    const members: MemberSource[] = [descriptionMember(description, text, swu, aes)];
    const warnings: Diagnostic[] = [];
    if (signing === undefined) notes.push('not signed: the plan has no signing');
    else {
      const signature = join(work, SIGNATURE);
      warnings.push(...(await signDescription(description, signature, signing, context)));
      members.push({ name: SIGNATURE, path: signature });
    }
    members.push(...guard.members, ...own.members, ...payloads.map((one) => one.member));
    const { padded, ...packed } = await packSwu({
      members,
      out,
      mtimeSeconds: mtimeOf(context.env),
      padding: swu.padding,
      ...(context.signal ? { signal: context.signal } : {}),
    });
    if (padded) notes.push('padded, since SWUpdate before 2024.12 stumbles over packages that fit its socket buffer');
    return { ...packed, notes, warnings };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The signature is over the text: a device decrypts while it unpacks, and verifies what comes out. */
function descriptionMember(
  path: string,
  text: string,
  { encrypt }: SwuSettings,
  aes: AesKey | undefined,
): MemberSource {
  if (encrypt?.description !== true || aes === undefined) return { name: DESCRIPTION, path };
  return { name: DESCRIPTION, bytes: encryptBytes(Buffer.from(text), aes) };
}

interface PreparedPayload {
  described: UpdatePartition;
  member: MemberSource;
}

/** Encrypts what is to be encrypted, one after the other: what is compressed first stays small. */
async function preparePayloads(
  partitions: readonly SwuPartition[],
  { aes, work, signal }: { aes: AesKey | undefined; work: string; signal: AbortSignal | undefined },
): Promise<PreparedPayload[]> {
  const prepared: PreparedPayload[] = [];
  for (const partition of partitions) {
    const name = payloadName(partition);
    if (aes === undefined) {
      const payload = await digestFile(partition.payload, signal);
      prepared.push({
        described: { ...partition, payloadName: name, payload },
        member: { name, path: partition.payload },
      });
      continue;
    }
    const iv = freshIv();
    const path = join(work, name);
    await encryptFile(partition.payload, path, aes, iv, signal);
    const payload = await digestFile(path, signal);
    prepared.push({
      described: { ...partition, payloadName: name, payload, iv: iv.toString('hex') },
      member: { name, path },
    });
  }
  return prepared;
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

/** The base guard: members to add, and what the template is told of it. */
async function guardOf(
  request: SwuRequest,
): Promise<{ members: MemberSource[]; described: { guardScript?: { name: string } & FileDigest; guardLua?: string } }> {
  const { guard } = request.swu;
  const hasPlaces =
    request.partitions.some((one) => handlerOf(one).unreadable === undefined) || (request.unchanged ?? []).length > 0;
  if (guard === 'none' || !hasPlaces) return { members: [], described: {} };
  if (guard === 'lua') return { members: [], described: { guardLua: await guardLua() } };
  const [name, bytes] = [GUARD_SCRIPT, await guardScript()];
  return { members: [{ name, bytes }], described: { guardScript: { name, ...digestBytes(bytes) } } };
}

/** @see https://reproducible-builds.org/specs/source-date-epoch/ */
function mtimeOf(env: SigningContext['env']): number {
  const epoch = env.SOURCE_DATE_EPOCH ?? '';
  return /^\d{1,10}$/.test(epoch) && Number(epoch) <= 0xffff_ffff ? Number(epoch) : 0;
}
