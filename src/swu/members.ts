/** The members of a package, each read once: hashes, checksums, and what its payload is. */
import { createHash } from 'node:crypto';
import { decryptor, type AesKey } from './aes.ts';
import { addToChecksum, streamMember, type CpioMember } from './cpio.ts';
import { HEAD_BYTES, payloadOf, type Payload } from './payload.ts';

/** A member as it is in the file. */
export interface OpenedMember {
  name: string;
  sizeBytes: number;
  /** Of the bytes as stored. */
  sha256: string;
}

export interface ReadMember extends OpenedMember {
  /** Whether the content has the checksum of the header; undefined when the format has none. */
  checksumHolds: boolean | undefined;
  /** Undefined for one that is encrypted, where there is no key or it does not fit. */
  payload: Payload | undefined;
  /** Of the bytes after decryption; undefined where it is not encrypted, or cannot be decrypted. */
  plainSha256?: string;
}

/** How the members of a package are encrypted. */
export interface Encryption {
  aes: AesKey | undefined;
  /** By member name; one without an iv of its own has that of the key. */
  ivs: ReadonlyMap<string, Buffer | undefined>;
}

/** Reads every member once, in bounded memory. */
export async function readMembers(
  path: string,
  members: readonly CpioMember[],
  encryption: Encryption,
  signal: AbortSignal | undefined,
): Promise<ReadMember[]> {
  const read: ReadMember[] = [];
  for (const member of members) read.push(await readMember(path, member, encryption, signal));
  return read;
}

async function readMember(
  path: string,
  member: CpioMember,
  { aes, ivs }: Encryption,
  signal: AbortSignal | undefined,
): Promise<ReadMember> {
  const isEncrypted = ivs.has(member.name);
  const plain = isEncrypted && aes !== undefined ? plainReader(aes, ivs.get(member.name) ?? aes.iv) : undefined;
  const hash = createHash('sha256');
  const head = headReader();
  let sum = 0;
  for await (const chunk of streamMember(path, member, signal)) {
    hash.update(chunk);
    sum = addToChecksum(sum, chunk);
    if (isEncrypted) plain?.add(chunk);
    else head.add(chunk);
  }
  const decrypted = plain?.end();
  const bytes = isEncrypted ? decrypted?.head : head.bytes();
  return {
    name: member.name,
    sizeBytes: member.sizeBytes,
    sha256: hash.digest('hex'),
    checksumHolds: member.format === 'crc' ? sum === member.checksum : undefined,
    payload: bytes === undefined ? undefined : await payloadOf(bytes),
    ...(decrypted === undefined ? {} : { plainSha256: decrypted.sha256 }),
  };
}

function headReader(): { add(chunk: Uint8Array): void; bytes(): Buffer } {
  const chunks: Uint8Array[] = [];
  let length = 0;
  return {
    add(chunk) {
      if (length >= HEAD_BYTES) return;
      const part = chunk.subarray(0, HEAD_BYTES - length);
      chunks.push(part);
      length += part.byteLength;
    },
    bytes: () => Buffer.concat(chunks),
  };
}

function plainReader(
  aes: AesKey,
  iv: Buffer,
): { add(chunk: Uint8Array): void; end(): { sha256: string; head: Buffer } | undefined } {
  const decipher = decryptor(aes, iv);
  const hash = createHash('sha256');
  const head = headReader();
  const take = (chunk: Buffer): void => {
    hash.update(chunk);
    head.add(chunk);
  };
  return {
    add: (chunk) => take(decipher.update(chunk)),
    end() {
      try {
        take(decipher.final());
      } catch (error) {
        // The padding does not fit: another key, or not encrypted.
        if (error instanceof Error && 'code' in error) return undefined;
        throw error;
      }
      return { sha256: hash.digest('hex'), head: head.bytes() };
    },
  };
}
