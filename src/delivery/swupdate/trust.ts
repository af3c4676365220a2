import { ReleasePlanError, errnoOf } from '../../core/errors.ts';
import { digestBytes } from '../../io/hash.ts';
import type { SigningSettings } from '../../core/plan.ts';
import { readRegular } from '../../io/regular.ts';
import { resolveKey, type KeyContext } from '../../swu/keys.ts';

/**
 * sha256 of the public key or certificate that devices trust. Undefined where
 * the plan names none, or it cannot be read here: a plan is also looked at on
 * machines that have no keys.
 */
export async function trustDigest(
  signing: SigningSettings | undefined,
  context: KeyContext,
): Promise<string | undefined> {
  if (signing?.public === undefined) return undefined;
  try {
    const source = resolveKey(signing.public, context);
    if (source.kind === 'pkcs11') return undefined;
    return digestBytes(source.kind === 'pem' ? source.text : await readRegular(source.path)).sha256;
  } catch (error) {
    const isAbsent =
      error instanceof ReleasePlanError || ['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error) ?? '');
    if (isAbsent) return undefined;
    throw error;
  }
}
