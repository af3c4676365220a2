/**
 * Who vouches for an archived version: a detached signature by the release key
 * beside its manifest. The seal of a manifest is a hash that anybody can
 * compute; whoever could alter an image could have it signed into a package.
 */
import { constants, verify, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandSigning, SigningSettings } from '../core/plan.ts';
import { ReleasePlanError } from '../core/errors.ts';
import { readRegular } from '../io/regular.ts';
import { canonicalJson } from '../text/json.ts';
import { readPublicFile, publicKeyFrom } from './certificate.ts';
import { signDescription } from './sign.ts';
import { verifySignature } from './verify.ts';
import { withPrivateFolder, type KeyContext } from './keys.ts';
import { engineOptions, openssl, privateKeyOf, publicHalfOf } from './openssl.ts';

/** What is signed: which manifest, of what. */
export interface ManifestStatement {
  product: string;
  machine: string;
  image: string;
  version: string;
  /** sha256 of the manifest's file, 64 hex digits. */
  digest: string;
}

const PURPOSE = 'release-plan-manifest-v1';

/**
 * The bytes that are signed. They begin with their purpose, and are no
 * sw-description: the signature can pass for nothing else, and none of a
 * package for it.
 */
export function statementBytes({ product, machine, image, version, digest }: ManifestStatement): Buffer {
  return Buffer.from(`${PURPOSE}\n${canonicalJson({ product, machine, image, version, digest })}\n`);
}

/**
 * Signs a statement with the plan's key: a plain signature over sha256, also
 * where packages are signed by CMS, so that no date and no chain is in it.
 *
 * @returns the signature: of RSA by PKCS #1 1.5, of EC as DER; of an Ed25519 key over the bytes themselves
 * @throws ReleasePlanError `signing-key-missing`, `signing-key-unreadable`, `signing-failed`
 */
export async function signStatement(
  statement: ManifestStatement,
  signing: SigningSettings,
  context: KeyContext & { signal?: AbortSignal },
): Promise<Buffer> {
  return await withPrivateFolder(async (folder) => {
    if ('command' in signing) return await signStatementByCommand(statement, signing, context, folder);
    const key = await privateKeyOf(signing, context, folder);
    const [text, signature] = [join(folder, 'statement'), join(folder, 'signature')];
    await writeFile(text, statementBytes(statement), { mode: 0o600 });
    const half = await publicHalfOf(key);
    const how = isPure(half)
      ? ['pkeyutl', '-sign', '-rawin', '-inkey', key.argument.value, '-in', text, '-out', signature]
      : ['dgst', '-sha256', '-sign', key.argument.value, '-out', signature];
    const rest = [...engineOptions(key), ...key.passphrase, ...(isPure(half) ? [] : [text])];
    await openssl('signing-failed', key, [...how, ...rest]);
    return await readRegular(signature);
  });
}

/** A command gives what it was made for: a signature as packages have it. */
async function signStatementByCommand(
  statement: ManifestStatement,
  signing: CommandSigning,
  context: KeyContext & { signal?: AbortSignal },
  folder: string,
): Promise<Buffer> {
  const [text, signature] = [join(folder, 'statement'), join(folder, 'signature')];
  await writeFile(text, statementBytes(statement), { mode: 0o600 });
  await signDescription(text, signature, signing, context);
  return await readRegular(signature);
}

/** Keys that take the bytes and no digest. */
const isPure = ({ asymmetricKeyType: type }: KeyObject): boolean => type === 'ed25519' || type === 'ed448';

/**
 * The keys that vouch for manifests: the one of today, and those of former
 * years. Until when their certificates last does not matter: an archived
 * version stays what it was.
 *
 * @returns none where the plan names no public half; a key that is not here is left out
 * @throws ReleasePlanError `signing-key-unreadable`
 */
export async function vouchingKeys(signing: SigningSettings, context: KeyContext): Promise<KeyObject[]> {
  const named = [
    signing.method === 'cms' && !('command' in signing) ? signing.cert : signing.public,
    ...(signing.former ?? []),
  ];
  return await withPrivateFolder(async (folder) => {
    const keys: KeyObject[] = [];
    for (const [index, written] of named.entries()) {
      if (written === undefined) continue;
      try {
        const { text } = await readPublicFile(written, context, folder, `vouching-${index}`);
        keys.push(publicKeyFrom(text, written));
      } catch (error) {
        // A plan is also looked at where its keys are not.
        if (!(error instanceof ReleasePlanError) || error.code !== 'signing-key-missing') throw error;
      }
    }
    return keys;
  });
}

/**
 * Whether a key of the plan made the signature over this statement.
 *
 * @param keys as {@link vouchingKeys} gives them; where a command signs, its signatures are verified as packages are
 */
export async function isVouched(
  statement: ManifestStatement,
  signature: Uint8Array,
  { signing, keys }: { signing: SigningSettings; keys: readonly KeyObject[] },
  context: KeyContext,
): Promise<boolean> {
  if (isVouchedFor(statement, signature, keys)) return true;
  const trusted = 'command' in signing ? [signing.public, ...(signing.former ?? [])] : [];
  return await withPrivateFolder(async (folder) => {
    const [text, file] = [join(folder, 'statement'), join(folder, 'signature')];
    for (const written of trusted) {
      if (written === undefined) continue;
      await writeFile(text, statementBytes(statement), { mode: 0o600 });
      await writeFile(file, signature);
      const { valid } = await verifySignature(text, file, { ...context, method: signing.method, public: written });
      if (valid) return true;
    }
    return false;
  });
}

/** Whether one of the keys made the signature over this statement. Pure. */
export function isVouchedFor(statement: ManifestStatement, signature: Uint8Array, keys: readonly KeyObject[]): boolean {
  const bytes = statementBytes(statement);
  return keys.some((key) => {
    const pss = key.asymmetricKeyType === 'rsa-pss';
    const argument = pss
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
      : key;
    return verify(isPure(key) ? null : 'sha256', bytes, argument, signature);
  });
}
