/** Keys and certificates, made ready for openssl, and openssl's signatures. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { KeySigning, Signer } from '../core/plan.ts';
import { checkCertificate, checkTrusted, nameOf, publicKeyFrom, readPublicFile } from './certificate.ts';
import { signersOf, type SigningContext } from './keys.ts';
import { engineOptions, openssl, privateKeyOf, publicHalfOf, type PrivateKey } from './openssl.ts';

/** One signature to make: a key, and what openssl is told besides the files. */
interface Prepared {
  key: PrivateKey;
  options: string[];
}

export interface PreparedKeys {
  method: KeySigning['method'];
  /** The first makes the signature; the others, of cms, add theirs. */
  signers: Prepared[];
  warnings: Diagnostic[];
}

/**
 * Looks at every key and certificate.
 *
 * @param folder private; what it holds must live as long as the keys are used
 * @throws ReleasePlanError as checkSigning does
 */
export async function prepareKeys(signing: KeySigning, context: SigningContext, folder: string): Promise<PreparedKeys> {
  const all = signersOf(signing);
  if (all.length > 1 && signing.method !== 'cms')
    throw new ReleasePlanError('signing-key-mismatch', `method ${signing.method} takes one signer, not ${all.length}`);
  const signers: Prepared[] = [];
  const warnings: Diagnostic[] = [];
  for (const [index, signer] of all.entries()) {
    const key = await privateKeyOf(signer, context, folder, `key-${index}`);
    const publicHalf = await publicHalfOf(key);
    if (signing.method === 'cms') {
      const { options, warnings: found } = await prepareCms(signer, context, key, publicHalf, index);
      signers.push({ key, options });
      warnings.push(...found);
    } else signers.push({ key, options: await prepareRsa(signing, context, key, publicHalf) });
  }
  // Where the signer is trusted itself, its certificate was looked at already.
  const isLookedAt = all.some((one) => one.cert === signing.public);
  if (signing.method === 'cms' && !isLookedAt) warnings.push(...(await checkTrusted(signing, context)));
  return { method: signing.method, signers, warnings };
}

/** Signs a file with the first key, and lets every other one add its signature. */
export async function signWithKeys(path: string, signaturePath: string, { method, signers }: PreparedKeys) {
  for (const [index, { key, options }] of signers.entries()) {
    const secrets = [...engineOptions(key), ...key.passphrase];
    if (method !== 'cms') {
      await openssl('signing-failed', key, [...options, ...secrets, '-out', signaturePath, path]);
      continue;
    }
    const [verb, ...rest] = options;
    const next = `${signaturePath}.next`;
    // A signature that is added reuses the digest of the first, so that it needs no content.
    const what = index === 0 ? ['-sign', '-in', path] : ['-resign', '-inform', 'DER', '-in', signaturePath];
    await openssl('signing-failed', key, [verb ?? 'cms', ...what, ...rest, ...secrets, '-out', next]);
    await rename(next, signaturePath);
  }
}

/** rsa, rsa-pss: devices hold the public half itself; no certificate, so nothing that ends. */
async function prepareRsa(
  { method, public: trusted }: KeySigning,
  context: SigningContext,
  key: PrivateKey,
  publicHalf: KeyObject,
): Promise<string[]> {
  const kind = publicHalf.asymmetricKeyType;
  if (kind !== 'rsa' && !(kind === 'rsa-pss' && method === 'rsa-pss')) {
    throw new ReleasePlanError(
      'signing-key-mismatch',
      `${key.written} is a key of type ${kind ?? 'unknown'}; method ${method} requires an RSA key`,
      { hint: 'Use method cms for keys of other types.' },
    );
  }
  if (trusted !== undefined) {
    const { text } = await readPublicFile(trusted, context, key.folder, 'public');
    if (!publicKeyFrom(text, trusted).equals(publicHalf))
      throw new ReleasePlanError(
        'signing-key-mismatch',
        `signing.public ${trusted} is not the public half of the key; devices would reject the package`,
      );
  }
  // The salt is as long as it can be, which is what SWUpdate's verification accepts.
  const padding = method === 'rsa-pss' ? ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:-2'] : [];
  return ['dgst', '-sha256', '-sign', key.argument.value, ...padding];
}

/**
 * cms: devices hold the certificate of the signer or of who issued it. Whether the chain holds, opening the package
 * shows.
 */
async function prepareCms(
  { cert }: Signer,
  context: SigningContext,
  key: PrivateKey,
  publicHalf: KeyObject,
  index: number,
): Promise<{ options: string[]; warnings: Diagnostic[] }> {
  if (cert === undefined)
    throw new ReleasePlanError(
      'signing-key-missing',
      'signing.cert is missing; method cms requires the certificate of the key',
    );
  const now = context.now ?? new Date();
  const { path, certificates } = await readPublicFile(cert, context, key.folder, `cert-${index}`);
  const [signer, ...intermediates] = certificates;
  if (signer === undefined)
    throw new ReleasePlanError('signing-key-unreadable', `${cert}: no certificate in PEM format`);
  if (!signer.publicKey.equals(publicHalf)) {
    throw new ReleasePlanError(
      'signing-key-mismatch',
      `the key ${key.written} does not belong to the certificate ${cert} (${nameOf(signer)})`,
    );
  }
  const chain = await chainOptions(intermediates, join(key.folder, `intermediates-${index}.pem`));
  const who = ['-signer', path, '-inkey', key.argument.value, ...chain];
  return {
    options: ['cms', ...who, '-outform', 'DER', '-nosmimecap', '-binary', '-md', 'sha256'],
    warnings: certificates.flatMap((one) => checkCertificate(one, cert, now)),
  };
}

/** openssl refuses to add the signer's certificate a second time, so the others go into a file of their own. */
async function chainOptions(intermediates: readonly X509Certificate[], file: string): Promise<string[]> {
  if (intermediates.length === 0) return [];
  await writeFile(file, intermediates.map((one) => one.toString()).join(''));
  return ['-certfile', file];
}
