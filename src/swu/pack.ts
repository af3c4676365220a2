/** The member rules of SWUpdate on top of cpio: order, names, padding. */
import { stat } from 'node:fs/promises';
import { ReleasePlanError } from '../core/errors.ts';
import { digestFile, type FileDigest } from '../io/hash.ts';
import { appendMember, archiveBytes, memberBytes, writeArchive, type MemberSource } from './cpio.ts';

/** What SWUpdate reads first, before it has anything to install. */
export const DESCRIPTION = 'sw-description';
/** Second, when the package is signed. */
export const SIGNATURE = 'sw-description.sig';
/** Last and listed nowhere, so that every client skips it. */
export const PADDING = 'padding';

/**
 * A package that fits the client's socket buffer (212,992 bytes on Linux) makes
 * SWUpdate before 2024.12 end with exit code 1 after a success, or stop an
 * install half way: the client has sent everything before the server is done.
 * Measured: 26 to 50 % of runs below that size, 0 of 160 with this padding.
 *
 * @see https://github.com/sbabic/swupdate/commit/e6b2081b
 */
const PAD_BELOW_BYTES = 256 * 1024;
export const PADDING_BYTES = 600 * 1024;
const padding = (): MemberSource => ({ name: PADDING, bytes: new Uint8Array(PADDING_BYTES) });

/** Folders, `..` and anything a shell or a terminal reads are refused; SWUpdate before 2026.05 would extract `../x`. */
const MEMBER_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

export interface PackRequest {
  /** In any order: sw-description and its signature are put first. */
  members: readonly MemberSource[];
  /** The .swu; replaced when it exists. */
  out: string;
  /** Time of every member, seconds since the epoch; 0 unless given. */
  mtimeSeconds?: number;
  /** Whether a small package is padded for old clients; it is, unless told otherwise. */
  padding?: boolean;
  signal?: AbortSignal;
}

/** What was packed. */
export interface PackedSwu extends FileDigest {
  /** Names in their order, with the padding. */
  members: string[];
  /** Whether padding was added for old clients. */
  padded: boolean;
}

/**
 * Packs a .swu: sw-description, its signature, the rest in the given order,
 * and padding when the whole would be small enough to trip old clients.
 * Equal members give equal bytes.
 *
 * @throws ReleasePlanError `swu-member` for a name, a size or a duplicate that a .swu cannot hold
 */
export async function packSwu(request: PackRequest): Promise<PackedSwu> {
  const members = inOrder(request.members);
  checkNames(members.map((one) => one.name));
  const sizes = await Promise.all(members.map(async (one) => ({ name: one.name, sizeBytes: await memberBytes(one) })));
  const padded = request.padding !== false && archiveBytes(sizes) < PAD_BELOW_BYTES;
  const all = padded ? [...members, padding()] : members;
  await writeArchive(all, request.out, request.mtimeSeconds ?? 0, request.signal);
  return { ...(await digestFile(request.out, request.signal)), members: all.map((one) => one.name), padded };
}

/** Whether a package that lies there is small enough to trip old clients. */
export const tripsOldClients = async (swu: string): Promise<boolean> => (await stat(swu)).size < PAD_BELOW_BYTES;

/**
 * Pads a package that was packed without; its description and its signature stay as they are.
 *
 * @throws ReleasePlanError `swu-damaged`; system errors
 */
export const addPadding = async (swu: string): Promise<void> => await appendMember(swu, padding());

function inOrder(members: readonly MemberSource[]): MemberSource[] {
  const rank = (name: string): number => (name === DESCRIPTION ? 0 : name === SIGNATURE ? 1 : 2);
  return members.toSorted((a, b) => rank(a.name) - rank(b.name));
}

function checkNames(names: readonly string[]): void {
  if (names[0] !== DESCRIPTION) throw new ReleasePlanError('swu-member', `a .swu requires a member ${DESCRIPTION}`);
  for (const [index, name] of names.entries()) {
    if (!MEMBER_NAME.test(name) || name === PADDING) {
      throw new ReleasePlanError('swu-member', `${JSON.stringify(name)} is not a valid name for a .swu member`, {
        hint: 'Use letters, digits, ".", "_" and "-" in partition and file names.',
      });
    }
    if (names.indexOf(name) !== index)
      throw new ReleasePlanError('swu-member', `${JSON.stringify(name)} would be in the .swu twice`, {
        hint: 'Use a unique name for each partition.',
      });
  }
}
