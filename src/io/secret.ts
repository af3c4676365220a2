/** Passwords, tokens and keys: from the environment, or from a file that nobody else may read. */
import { readFile, stat } from 'node:fs/promises';
import { ReleasePlanError, messageOf } from '../core/errors.ts';
import type { SecretSource } from '../core/plan.ts';

/** Nobody but the owner. */
const OTHERS = 0o077;

/**
 * Reads a secret; line breaks at its end do not belong to it.
 *
 * @param what whose it is, for the message
 * @throws ReleasePlanError `secret-missing` when there is none, `secret-exposed` when others may read its file
 */
export async function readSecret(
  source: SecretSource,
  what: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const secret = 'env' in source ? env[source.env] : await readPrivateFile(source.file, what);
  const text = secret?.replace(/[\r\n]+$/, '') ?? '';
  if (text !== '') return text;
  const place = 'env' in source ? `the environment variable ${source.env} is not set` : `${source.file} is empty`;
  throw new ReleasePlanError('secret-missing', `${what}: ${place}`);
}

/**
 * The text of a file that holds secrets.
 *
 * @throws ReleasePlanError `secret-missing`, `secret-exposed`
 */
export async function readPrivateFile(file: string, what: string): Promise<string> {
  try {
    const { mode } = await stat(file);
    if ((mode & OTHERS) !== 0)
      throw new ReleasePlanError(
        'secret-exposed',
        `${what}: ${file} has mode ${(mode & 0o777).toString(8).padStart(4, '0')}, so that others may read it`,
        { hint: `Run: chmod 600 ${file}` },
      );
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof ReleasePlanError) throw error;
    throw new ReleasePlanError('secret-missing', `${what}: ${messageOf(error)}`, { cause: error });
  }
}
