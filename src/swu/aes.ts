/**
 * Symmetric encryption as SWUpdate has it: AES in CBC mode with padding, the
 * key and its iv as the two hexadecimal words that `swupdate -K FILE` reads.
 *
 * Done here and not by openssl(1), which takes key and iv as arguments, where
 * every user of the machine sees them.
 *
 * @see SWUpdate's doc/source/encrypted_images.rst
 */
import { createCipheriv, createDecipheriv, randomBytes, type Cipher, type Decipher } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { resolve } from 'node:path';
import { errnoOf, ReleasePlanError } from '../core/errors.ts';
import { expandVariables, type KeyContext } from './keys.ts';

/** A key with the iv that goes with it. Never print it. */
export interface AesKey {
  /** 16, 24 or 32 bytes. */
  key: Buffer;
  /** 16 bytes: of sw-description, and of each payload that names none of its own. */
  iv: Buffer;
}

const IV_BYTES = 16;
const KEY_TEXT = /^\s*([0-9a-f]{32}|[0-9a-f]{48}|[0-9a-f]{64})\s+([0-9a-f]{32})\s*$/i;
/** A key file is two words; anything larger is another file. */
const MAX_KEY_BYTES = 4096;

/**
 * The key that a plan names: a file, or `${NAME}` of the environment, whose
 * value may be a path or the two words themselves.
 *
 * @param written as in the plan; what messages name
 * @throws ReleasePlanError `encryption-key-missing`, `encryption-key-unreadable`
 */
export async function readAesKey(written: string, context: KeyContext): Promise<AesKey> {
  const value = expandVariables(written, context, 'encryption-key-missing');
  const found = KEY_TEXT.exec(KEY_TEXT.test(value) ? value : await keyFile(resolve(context.planDir, value), written));
  if (found === null)
    throw new ReleasePlanError(
      'encryption-key-unreadable',
      `${written}: not a key and an iv in hexadecimal (32, 48 or 64 digits, a blank, 32 digits)`,
    );
  return { key: Buffer.from(found[1] ?? '', 'hex'), iv: Buffer.from(found[2] ?? '', 'hex') };
}

async function keyFile(path: string, written: string): Promise<string> {
  try {
    const found = await stat(path);
    // A FIFO would keep everyone waiting, a device would never end.
    if (!found.isFile() || found.size > MAX_KEY_BYTES) return '';
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ReleasePlanError(
      'encryption-key-missing',
      // Without the path: a key that is written wrongly would be taken for one.
      `${written}: the key file does not exist or cannot be read (${errnoOf(error) ?? 'unknown error'})`,
      { hint: 'A relative path starts at the folder of the plan.' },
    );
  }
}

/** A fresh iv, for one payload. */
export const freshIv = (): Buffer => randomBytes(IV_BYTES);

/** `aes-256-cbc`: how openssl calls the cipher of a key. */
export const cipherName = ({ key }: AesKey): string => `aes-${key.length * 8}-cbc`;

export const encryptor = (aes: AesKey, iv: Buffer): Cipher => createCipheriv(cipherName(aes), aes.key, iv);

export const decryptor = (aes: AesKey, iv: Buffer): Decipher => createDecipheriv(cipherName(aes), aes.key, iv);

/** Encrypts a file into another one, in bounded memory. */
export async function encryptFile(from: string, to: string, aes: AesKey, iv: Buffer, signal?: AbortSignal) {
  await pipeline(createReadStream(from), encryptor(aes, iv), createWriteStream(to), signal ? { signal } : {});
}

/** Encrypts a text with the iv of the key file, as sw-description is. */
export function encryptBytes(bytes: Uint8Array, aes: AesKey): Buffer {
  const cipher = encryptor(aes, aes.iv);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

/**
 * The reverse of {@link encryptBytes}.
 *
 * @returns undefined when the padding does not fit: another key, or not encrypted at all
 */
export function decryptBytes(bytes: Uint8Array, aes: AesKey, iv: Buffer = aes.iv): Buffer | undefined {
  const decipher = decryptor(aes, iv);
  try {
    return Buffer.concat([decipher.update(bytes), decipher.final()]);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

/** The key as `swupdate -K` reads it. */
export const keyText = ({ key, iv }: AesKey): string => `${key.toString('hex')} ${iv.toString('hex')}\n`;
