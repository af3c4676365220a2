/** Opening a .swu again: is it whole, signed, and what its sw-description says? */
import { isUtf8 } from 'node:buffer';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { makeFolder } from '../io/atomic.ts';
import { attributed } from '../io/attribute.ts';
import { decryptBytes, type AesKey } from './aes.ts';
import { FEW_FILES_BYTES, withScratch } from '../io/scratch.ts';
import { listMembers, streamMember, type CpioMember } from './cpio.ts';
import { readListing, type Listing } from './listing.ts';
import { readMembers, type OpenedMember, type ReadMember } from './members.ts';
import { DESCRIPTION, PADDING, SIGNATURE } from './pack.ts';
import type { Payload } from './payload.ts';
import { verifySignature, type Trust } from './verify.ts';
import { readViews, type SwDescription } from './views.ts';

export type { OpenedMember } from './members.ts';

/** One thing that was looked at. */
export interface SwuCheck {
  /** `archive`, `checksums`, `description`, `signature`, `version`, `members`. */
  check: string;
  result: 'pass' | 'fail' | 'not-checked';
  /** What was found, in one line. */
  detail: string;
}

export interface OpenedSwu {
  checks: SwuCheck[];
  /** In their order; empty when the file is no archive. */
  members: OpenedMember[];
  /** What sw-description says; undefined where it cannot be read. */
  description?: SwDescription;
  /** What each payload is, by member, where that can be told. */
  payloads: Map<string, Payload>;
  /** sha256 of each encrypted payload after decryption, by member. */
  decrypted: Map<string, string>;
  isSigned: boolean;
}

export interface OpenRequest {
  /** What devices trust; without it the signature is not checked. */
  trust?: Trust;
  /** What encrypted packages are decrypted with. */
  aes?: AesKey;
  /** The version that sw-description must name. */
  version?: string;
  /** sw-description and its signature are put here. */
  workDir: string;
  signal?: AbortSignal;
}

/** A description of more bytes than this is not one. */
const MAX_DESCRIPTION_BYTES = 16 * 1024 * 1024;
const AES_BLOCK_BYTES = 16;

/**
 * Opens a .swu and checks it as a device would, and its checksums besides.
 * Reads it once, in bounded memory.
 *
 * @throws ReleasePlanError only when the file or `trust.public` cannot be read, or
 *   openssl is missing; whatever is wrong with the file itself is a failed check
 */
export async function openSwu(path: string, request: OpenRequest): Promise<OpenedSwu> {
  const nothing = { members: [], payloads: new Map(), decrypted: new Map(), isSigned: false };
  let found: CpioMember[];
  try {
    found = await listMembers(path);
  } catch (error) {
    if (!(error instanceof ReleasePlanError)) throw error;
    return { ...nothing, checks: [{ check: 'archive', result: 'fail', detail: error.message }] };
  }
  await makeFolder(request.workDir);
  const stored = await extract(path, found[0], DESCRIPTION, request);
  const signature = await extract(path, found[1], SIGNATURE, request);
  const plain = await plainDescription(stored, request);
  const { description, check } = readable(plain);
  const read = await readMembers(path, found, { aes: request.aes, ivs: ivsOf(description) }, request.signal);
  const checks = [
    checkArchive(found),
    checkChecksums(read),
    await checkSignature(plain, signature?.path, request.trust),
    check,
    ...checkDescription(plain.text, description, read, { isSigned: signature !== undefined, ...request }),
  ];
  return {
    checks,
    members: read.map(({ name, sizeBytes, sha256 }) => ({ name, sizeBytes, sha256 })),
    ...(description === undefined ? {} : { description }),
    payloads: new Map(read.flatMap(({ name, payload }) => (payload === undefined ? [] : [[name, payload]]))),
    decrypted: new Map(read.flatMap(({ name, plainSha256: sha }) => (sha === undefined ? [] : [[name, sha]]))),
    isSigned: signature !== undefined,
  };
}

/** sw-description as text, after decryption where it is encrypted; the signature is over this. */
interface PlainDescription {
  text?: string;
  path?: string;
  problem?: string;
  /** It may well be right: it is encrypted, and there is no key. */
  isHidden?: boolean;
}

async function plainDescription(
  stored: { path: string; bytes: Buffer } | undefined,
  { aes, workDir }: OpenRequest,
): Promise<PlainDescription> {
  if (stored === undefined) return { problem: `there is no ${DESCRIPTION}` };
  if (isText(stored.bytes)) return { text: stored.bytes.toString('utf8'), path: stored.path };
  if (aes === undefined) {
    const isHidden = stored.bytes.length > 0 && stored.bytes.length % AES_BLOCK_BYTES === 0;
    return {
      problem: `${DESCRIPTION} is ${isHidden ? 'encrypted: its key is needed to read it' : 'no text'}`,
      isHidden,
    };
  }
  const bytes = decryptBytes(stored.bytes, aes);
  if (bytes === undefined || !isText(bytes)) return { problem: `${DESCRIPTION} cannot be decrypted with this key` };
  const path = join(workDir, `${DESCRIPTION}.plain`);
  await attributed(path, async () => await writeFile(path, bytes), bytes.length);
  return { text: bytes.toString('utf8'), path };
}

/** Text has no control characters but white space; what is encrypted has some within a few bytes. */
const isText = (bytes: Buffer): boolean => isUtf8(bytes) && !bytes.some((one) => one < 9 || (one > 13 && one < 32));

function readable({ text, problem, isHidden }: PlainDescription): { description?: SwDescription; check: SwuCheck } {
  if (text === undefined) {
    const result = isHidden === true ? 'not-checked' : 'fail';
    return { check: { check: 'description', result, detail: problem ?? 'not readable' } };
  }
  try {
    const description = readViews(text);
    const entries = readListing(text).members.length;
    return { description, check: { check: 'description', result: 'pass', detail: `${entries} entries` } };
  } catch (error) {
    if (!(error instanceof ReleasePlanError)) throw error;
    return { check: { check: 'description', result: 'fail', detail: error.message } };
  }
}

/** The members that are encrypted, each with its own iv if it has one. */
function ivsOf(description: SwDescription | undefined): Map<string, Buffer | undefined> {
  const entries = description?.views.flatMap((one) => one.entries).filter((one) => one.isEncrypted) ?? [];
  return new Map(
    entries.flatMap(({ filename, iv }) =>
      filename === undefined ? [] : [[filename, iv === undefined ? undefined : Buffer.from(iv, 'hex')]],
    ),
  );
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
  await attributed(to, async () => await writeFile(to, bytes), bytes.length);
  return { path: to, bytes };
}

/**
 * The sw-description of a package, when its signature holds; undefined for what
 * is no package or is not signed by what devices trust. Reads these two members alone.
 *
 * @throws ReleasePlanError when `trust.public` cannot be read, openssl is missing; system errors
 */
export async function signedDescription(path: string, trust: Trust): Promise<string | undefined> {
  return await withScratch('description', FEW_FILES_BYTES, async (workDir) => {
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
  { path: description, isHidden }: PlainDescription,
  signature: string | undefined,
  trust: Trust | undefined,
): Promise<SwuCheck> {
  if (trust === undefined)
    return {
      check: 'signature',
      result: 'not-checked',
      detail:
        signature === undefined
          ? 'not signed'
          : 'signed, and no key to check it by is given (signing.public, --public)',
    };
  if (isHidden === true && signature !== undefined)
    return { check: 'signature', result: 'not-checked', detail: 'it is over the text, which is encrypted' };
  if (description === undefined || signature === undefined)
    return { check: 'signature', result: 'fail', detail: `${SIGNATURE} is missing` };
  const { valid, detail } = await verifySignature(description, signature, trust);
  return { check: 'signature', result: valid ? 'pass' : 'fail', detail };
}

function checkDescription(
  text: string | undefined,
  description: SwDescription | undefined,
  members: readonly ReadMember[],
  { version, isSigned, aes }: { version?: string; isSigned: boolean; aes?: AesKey },
): SwuCheck[] {
  if (text === undefined || description === undefined) return [];
  const named = version === undefined ? [] : [checkVersion(description.version, version)];
  const encrypted = [...ivsOf(description).keys()];
  return [
    ...named,
    checkListed(readListing(text), members, isSigned),
    ...(encrypted.length === 0 ? [] : [checkDecryption(encrypted, members, aes)]),
  ];
}

/** Every encrypted member can be decrypted with the key. */
function checkDecryption(
  encrypted: readonly string[],
  members: readonly ReadMember[],
  aes: AesKey | undefined,
): SwuCheck {
  const names = encrypted.join(', ');
  if (aes === undefined)
    return { check: 'decryption', result: 'not-checked', detail: `encrypted, without a key here: ${names}` };
  const wrong = members
    .filter((one) => encrypted.includes(one.name) && one.plainSha256 === undefined)
    .map((one) => `${one.name} cannot be decrypted with this key`);
  return verdict('decryption', wrong, `${names}: decrypted with the key`);
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
