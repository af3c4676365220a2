/**
 * Signing a sw-description, in the three ways that SWUpdate verifies.
 *
 * @see https://sbabic.github.io/swupdate/signed_images.html
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { SigningSettings } from '../core/plan.ts';
import { checkCertificate, nameOf, publicKeyFrom, readPublicFile } from './certificate.ts';
import { withPrivateFolder, type KeyContext } from './keys.ts';
import { engineOptions, openssl, privateKeyOf, publicHalfOf, type PrivateKey } from './openssl.ts';

/** What signing depends on besides the plan. */
export interface SigningContext extends KeyContext {
  /** The present, unless a test says otherwise: certificates are checked against it. */
  now?: Date;
  signal?: AbortSignal;
}

/**
 * Looks at key, certificate and what devices trust, without signing: worth
 * doing before hours of building.
 *
 * @returns warnings (`certificate-expires-soon`)
 * @throws ReleasePlanError `signing-key-missing`, `signing-key-unreadable`,
 *   `signing-key-mismatch`, `certificate-expired`, `certificate-not-yet-valid`
 */
export async function checkSigning(signing: SigningSettings, context: SigningContext): Promise<Diagnostic[]> {
  return await withPrivateFolder(async (folder) => (await prepare(signing, context, folder)).warnings);
}

/**
 * Signs a sw-description, after {@link checkSigning}.
 *
 * @param path the sw-description
 * @param signaturePath where the signature goes: raw for rsa and rsa-pss, DER for cms
 * @returns warnings (`certificate-expires-soon`)
 * @throws ReleasePlanError as checkSigning does, and `signing-failed`
 */
export async function signDescription(
  path: string,
  signaturePath: string,
  signing: SigningSettings,
  context: SigningContext,
): Promise<Diagnostic[]> {
  return await withPrivateFolder(async (folder) => {
    const { key, options, warnings } = await prepare(signing, context, folder);
    const files = signing.method === 'cms' ? ['-in', path, '-out', signaturePath] : ['-out', signaturePath, path];
    await openssl('signing-failed', key, [...options, ...engineOptions(key), ...key.passphrase, ...files]);
    return warnings;
  });
}

interface Prepared {
  key: PrivateKey;
  /** What openssl is told to do, without the files. */
  options: string[];
  warnings: Diagnostic[];
}

async function prepare(signing: SigningSettings, context: SigningContext, folder: string): Promise<Prepared> {
  const key = await privateKeyOf(signing, context, folder);
  const publicHalf = await publicHalfOf(key);
  return { key, ...(await (signing.method === 'cms' ? prepareCms : prepareRsa)(signing, context, key, publicHalf)) };
}

/** rsa, rsa-pss: devices hold the public half itself; no certificate, so nothing that ends. */
async function prepareRsa(
  { method, public: trusted }: SigningSettings,
  context: SigningContext,
  key: PrivateKey,
  publicHalf: KeyObject,
): Promise<Omit<Prepared, 'key'>> {
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
  return { options: ['dgst', '-sha256', '-sign', key.argument.value, ...padding], warnings: [] };
}

/**
 * cms: devices hold the certificate of the signer or of who issued it. Whether the chain holds, opening the package
 * shows.
 */
async function prepareCms(
  { cert, public: trusted }: SigningSettings,
  context: SigningContext,
  key: PrivateKey,
  publicHalf: KeyObject,
): Promise<Omit<Prepared, 'key'>> {
  if (cert === undefined)
    throw new ReleasePlanError(
      'signing-key-missing',
      'signing.cert is missing; method cms requires the certificate of the key',
    );
  const now = context.now ?? new Date();
  const { path, certificates } = await readPublicFile(cert, context, key.folder, 'cert');
  const [signer, ...intermediates] = certificates;
  if (signer === undefined)
    throw new ReleasePlanError('signing-key-unreadable', `${cert}: no certificate in PEM format`);
  if (!signer.publicKey.equals(publicHalf)) {
    throw new ReleasePlanError(
      'signing-key-mismatch',
      `the key ${key.written} does not belong to the certificate ${cert} (${nameOf(signer)})`,
    );
  }
  const warnings = certificates.flatMap((one) => checkCertificate(one, cert, now));
  if (trusted !== undefined && trusted !== cert) {
    const authorities = await readPublicFile(trusted, context, key.folder, 'public');
    if (authorities.certificates.length === 0)
      throw new ReleasePlanError(
        'signing-key-mismatch',
        `signing.public ${trusted} contains no certificate in PEM format, which method cms is verified against`,
      );
    warnings.push(...authorities.certificates.flatMap((one) => checkCertificate(one, trusted, now)));
  }
  const options = [
    'cms',
    '-sign',
    '-signer',
    path,
    '-inkey',
    key.argument.value,
    ...(await chainOptions(intermediates, key.folder)),
    '-outform',
    'DER',
    '-nosmimecap',
    '-binary',
    '-md',
    'sha256',
  ];
  return { options, warnings };
}

/** openssl refuses to add the signer's certificate a second time, so the others go into a file of their own. */
async function chainOptions(intermediates: readonly X509Certificate[], folder: string): Promise<string[]> {
  if (intermediates.length === 0) return [];
  const file = join(folder, 'intermediates.pem');
  await writeFile(file, intermediates.map((one) => one.toString()).join(''));
  return ['-certfile', file];
}
