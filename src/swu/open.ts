/** Opening a .swu again: is it whole, signed, and what its sw-description says? */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { withScratch } from '../io/scratch.ts';
import { addToChecksum, listMembers, streamMember, type CpioMember } from './cpio.ts';
import { readListing, type Listing } from './listing.ts';
import { DESCRIPTION, PADDING, SIGNATURE } from './pack.ts';
import { verifySignature, type Trust } from './verify.ts';

/** One thing that was looked at. */
export interface SwuCheck {
  /** `archive`, `checksums`, `description`, `signature`, `version`, `members`. */
  check: string;
  result: 'pass' | 'fail' | 'not-checked';
  /** What was found, in one line. */
  detail: string;
}

/** A member as it is in the file. */
export interface OpenedMember {
  name: string;
  sizeBytes: number;
  sha256: string;
}

export interface OpenedSwu {
  checks: SwuCheck[];
  /** In their order; empty when the file is no archive. */
  members: OpenedMember[];
}

export interface OpenRequest {
  /** What devices trust; without it the signature is not checked. */
  trust?: Trust;
  /** The version that sw-description must name. */
  version?: string;
  /** sw-description and its signature are put here. */
  workDir: string;
  signal?: AbortSignal;
}

/** A description of more bytes than this is not one. */
const MAX_DESCRIPTION_BYTES = 16 * 1024 * 1024;

/**
 * Opens a .swu and checks it as a device would, and its checksums besides.
 * Reads it once, in bounded memory.
 *
 * @throws ReleasePlanError only when the file or `trust.public` cannot be read, or
 *   openssl is missing; whatever is wrong with the file itself is a failed check
 */
export async function openSwu(path: string, request: OpenRequest): Promise<OpenedSwu> {
  let found: CpioMember[];
  try {
    found = await listMembers(path);
  } catch (error) {
    if (!(error instanceof ReleasePlanError)) throw error;
    return { checks: [{ check: 'archive', result: 'fail', detail: error.message }], members: [] };
  }
  await mkdir(request.workDir, { recursive: true });
  const archive = checkArchive(found);
  const read = await readMembers(path, found, request.signal);
  const checks = [archive, checkChecksums(read)];
  const description = await extract(path, found[0], DESCRIPTION, request);
  const signature = await extract(path, found[1], SIGNATURE, request);
  checks.push(await checkSignature(description?.path, signature?.path, request.trust));
  checks.push(...checkDescription(description?.bytes, read, signature !== undefined, request.version));
  return { checks, members: read.map(({ name, sizeBytes, sha256 }) => ({ name, sizeBytes, sha256 })) };
}

const verdict = (check: string, problems: readonly string[], good: string): SwuCheck =>
  problems.length === 0
    ? { check, result: 'pass', detail: good }
    : { check, result: 'fail', detail: problems.join('; ') };

function checkArchive(members: readonly CpioMember[]): SwuCheck {
  const names = members.map((one) => one.name);
  const problems = [
    ...(names[0] === DESCRIPTION ? [] : [`the first member is ${names[0] ?? 'missing'}, not ${DESCRIPTION}`]),
    ...(names.indexOf(SIGNATURE) > 1 ? [`${SIGNATURE} is not the second member`] : []),
    ...names
      .filter((name, index) => names.indexOf(name) !== index)
      .map((name) => `${JSON.stringify(name)} appears twice`),
    ...names
      .filter((name) => name.includes('/') || name.startsWith('.'))
      .map((name) => `${JSON.stringify(name)} is not a safe name`),
  ];
  const format = members.some((one) => one.format === 'newc') ? 'newc' : 'crc';
  return verdict('archive', problems, `cpio ${format}: ${names.join(', ')}`);
}

interface ReadMember extends OpenedMember {
  /** Whether the content has the checksum of the header; undefined when the format has none. */
  checksumHolds: boolean | undefined;
}

async function readMembers(
  path: string,
  members: readonly CpioMember[],
  signal: AbortSignal | undefined,
): Promise<ReadMember[]> {
  const read: ReadMember[] = [];
  for (const member of members) {
    const hash = createHash('sha256');
    let sum = 0;
    for await (const chunk of streamMember(path, member, signal)) {
      hash.update(chunk);
      sum = addToChecksum(sum, chunk);
    }
    read.push({
      name: member.name,
      sizeBytes: member.sizeBytes,
      sha256: hash.digest('hex'),
      checksumHolds: member.format === 'crc' ? sum === member.checksum : undefined,
    });
  }
  return read;
}

function checkChecksums(members: readonly ReadMember[]): SwuCheck {
  const wrong = members
    .filter((one) => one.checksumHolds === false)
    .map((one) => `${one.name}: the content does not match the checksum in its header`);
  if (wrong.length === 0 && members.some((one) => one.checksumHolds === undefined))
    return { check: 'checksums', result: 'not-checked', detail: 'the newc format has none' };
  return verdict('checksums', wrong, `${members.length} members`);
}

async function extract(
  path: string,
  member: CpioMember | undefined,
  name: string,
  request: OpenRequest,
): Promise<{ path: string; bytes: Buffer } | undefined> {
  if (member?.name !== name || member.sizeBytes > MAX_DESCRIPTION_BYTES) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of streamMember(path, member, request.signal)) chunks.push(chunk);
  const to = join(request.workDir, name);
  const bytes = Buffer.concat(chunks);
  await writeFile(to, bytes);
  return { path: to, bytes };
}

/**
 * The sw-description of a package, when its signature holds; undefined for what
 * is no package or is not signed by what devices trust. Reads these two members alone.
 *
 * @throws ReleasePlanError when `trust.public` cannot be read, openssl is missing; system errors
 */
export async function signedDescription(path: string, trust: Trust): Promise<string | undefined> {
  return await withScratch('description', async (workDir) => {
    const members = await listMembers(path).catch((error: unknown) => {
      if (!(error instanceof ReleasePlanError) || error.code !== 'swu-damaged') throw error;
      return [];
    });
    const request = { workDir, ...(trust.signal ? { signal: trust.signal } : {}) };
    const description = await extract(path, members[0], DESCRIPTION, request);
    const signature = await extract(path, members[1], SIGNATURE, request);
    if (description === undefined || signature === undefined) return undefined;
    const { valid } = await verifySignature(description.path, signature.path, trust);
    return valid ? description.bytes.toString('utf8') : undefined;
  });
}

async function checkSignature(
  description: string | undefined,
  signature: string | undefined,
  trust: Trust | undefined,
): Promise<SwuCheck> {
  if (trust === undefined)
    return {
      check: 'signature',
      result: 'not-checked',
      detail: signature === undefined ? 'not signed' : 'signed, but signing.public is not set',
    };
  if (description === undefined || signature === undefined)
    return { check: 'signature', result: 'fail', detail: `${SIGNATURE} is missing` };
  const { valid, detail } = await verifySignature(description, signature, trust);
  return { check: 'signature', result: valid ? 'pass' : 'fail', detail };
}

function checkDescription(
  bytes: Buffer | undefined,
  members: readonly ReadMember[],
  signed: boolean,
  version: string | undefined,
): SwuCheck[] {
  if (bytes === undefined) return [{ check: 'description', result: 'fail', detail: `${DESCRIPTION} is missing` }];
  let listing: Listing;
  try {
    listing = readListing(bytes.toString('utf8'));
  } catch (error) {
    if (!(error instanceof ReleasePlanError)) throw error;
    return [{ check: 'description', result: 'fail', detail: error.message }];
  }
  const named = version === undefined ? [] : [checkVersion(listing.version, version)];
  return [
    { check: 'description', result: 'pass', detail: `${listing.members.length} entries` },
    ...named,
    checkListed(listing, members, signed),
  ];
}

const checkVersion = (found: string | undefined, wanted: string): SwuCheck =>
  verdict('version', found === wanted ? [] : [`sw-description has ${found ?? 'no version'}, not ${wanted}`], wanted);

/** Every listed member is there with its hash; what is there besides is said. */
function checkListed(listing: Listing, members: readonly ReadMember[], signed: boolean): SwuCheck {
  const byName = new Map(members.map((one) => [one.name, one]));
  const problems = listing.members.flatMap(({ filename, sha256 }) => {
    const member = byName.get(filename);
    if (member === undefined) return [`${filename} is listed but missing`];
    // A client that demands a signature refuses an entry without a hash.
    if (sha256 === undefined) return signed ? [`${filename} is listed without sha256`] : [];
    return sha256 === member.sha256 ? [] : [`${filename} has sha256 ${member.sha256}, listed with ${sha256}`];
  });
  const listed = new Set([DESCRIPTION, SIGNATURE, PADDING, ...listing.members.map((one) => one.filename)]);
  const extra = members.filter((one) => !listed.has(one.name)).map((one) => one.name);
  const payloads = new Set(listing.members.map((one) => one.filename)).size;
  return verdict(
    'members',
    [...new Set(problems)],
    `${payloads} listed, all with their ` +
      `sha256${extra.length === 0 ? '' : `; listed nowhere, so skipped by devices: ${extra.join(', ')}`}`,
  );
}
