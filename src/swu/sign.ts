/**
 * Signing a sw-description, in the three ways that SWUpdate verifies.
 *
 * @see https://sbabic.github.io/swupdate/signed_images.html
 */
import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Diagnostic } from '../diagnostic.ts';
import { ReleasePlanError } from '../errors.ts';
import { digestBytes } from '../io/hash.ts';
import type { SigningSettings } from '../model.ts';
import { checkCertificate, nameOf, readCertificates } from './certificate.ts';
import { resolveKey, toArgument, withPrivateFolder, type KeyContext } from './keys.ts';
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
 * What devices trust, as one number to compare by: an update that was signed
 * for other devices is to be made again.
 *
 * @returns sha256 over the certificates (DER) or the public key (SPKI) of
 *   `signing.public`, 64 hex digits; undefined when the plan names none or it
 *   cannot be read here
 */
export async function trustOf(signing: SigningSettings | undefined, context: KeyContext): Promise<string | undefined> {
  if (signing?.public === undefined) return undefined;
  const written = signing.public;
  try {
    return await withPrivateFolder(async (folder) => {
      const { text, certificates } = await readPublicFile(written, context, folder, 'public');
      const trusted = certificates.length > 0 ? Buffer.concat(certificates.map((one) => one.raw)) : publicKeyFrom(text, written).export({ type: 'spki', format: 'der' });
      return digestBytes(trusted).sha256;
    });
  } catch (error) {
    if (error instanceof ReleasePlanError) return undefined;
    throw error;
  }
}

/**
 * Signs a sw-description, after {@link checkSigning}.
 *
 * @param path the sw-description
 * @param signaturePath where the signature goes: raw for rsa and rsa-pss, DER for cms
 * @returns warnings (`certificate-expires-soon`)
 * @throws ReleasePlanError as checkSigning does, and `signing-failed`
 */
export async function signDescription(path: string, signaturePath: string, signing: SigningSettings, context: SigningContext): Promise<Diagnostic[]> {
  return await withPrivateFolder(async (folder) => {
    const { key, certificate, warnings } = await prepare(signing, context, folder);
    await openssl('signing-failed', key, [...signOptions(signing.method, key, certificate), ...engineOptions(key), ...key.passphrase, ...fileOptions(signing.method, path, signaturePath)]);
    return warnings;
  });
}

interface Prepared {
  key: PrivateKey;
  certificate: { path: string; chain: boolean } | undefined;
  warnings: Diagnostic[];
}

async function prepare(signing: SigningSettings, context: SigningContext, folder: string): Promise<Prepared> {
  const key = await privateKeyOf(signing, context, folder);
  const publicHalf = await publicHalfOf(key);
  const now = context.now ?? new Date();
  if (signing.method !== 'cms') {
    checkRsa(publicHalf, signing);
    const warnings = signing.public === undefined ? [] : await checkTrusted(publicHalf, signing.public, context, now);
    return { key, certificate: undefined, warnings };
  }
  if (signing.cert === undefined) throw new ReleasePlanError('signing-key-missing', 'signing.cert is not given: method cms needs the certificate of the key');
  const { path, certificates } = await readPublicFile(signing.cert, context, folder, 'cert');
  const [signer] = certificates;
  if (signer === undefined) throw new ReleasePlanError('signing-key-unreadable', `${signing.cert}: no certificate in PEM`);
  if (!isSameKey(signer.publicKey, publicHalf)) {
    throw new ReleasePlanError('signing-key-mismatch', `the key ${signing.key} does not belong to the certificate ${signing.cert} (${nameOf(signer)})`);
  }
  const warnings = certificates.flatMap((one) => checkCertificate(one, signing.cert ?? '', now));
  if (signing.public !== undefined && signing.public !== signing.cert) warnings.push(...await checkAuthorities(signing.public, context, folder, now));
  return { key, certificate: { path, chain: certificates.length > 1 }, warnings };
}

function checkRsa(key: KeyObject, { method, key: written }: SigningSettings): void {
  const kind = key.asymmetricKeyType;
  if (kind === 'rsa' || (kind === 'rsa-pss' && method === 'rsa-pss')) return;
  throw new ReleasePlanError('signing-key-mismatch', `${written} is a key of type ${kind ?? 'unknown'}; method ${method} needs an RSA key`, { hint: 'Use method cms for keys of other types.' });
}

/** rsa, rsa-pss: devices hold the public half itself, or a certificate that holds it. */
async function checkTrusted(publicHalf: KeyObject, written: string, context: SigningContext, now: Date): Promise<Diagnostic[]> {
  return await withPrivateFolder(async (folder) => {
    const { text, certificates } = await readPublicFile(written, context, folder, 'public');
    if (!isSameKey(publicKeyFrom(text, written), publicHalf)) throw new ReleasePlanError('signing-key-mismatch', `signing.public ${written} is not the public half of the key: devices would refuse the package`);
    return certificates.flatMap((one) => checkCertificate(one, written, now));
  });
}

/** cms: devices hold the certificate of the signer or of who issued it. Whether the chain holds, opening the package shows. */
async function checkAuthorities(written: string, context: SigningContext, folder: string, now: Date): Promise<Diagnostic[]> {
  const { certificates } = await readPublicFile(written, context, folder, 'public');
  if (certificates.length === 0) throw new ReleasePlanError('signing-key-mismatch', `signing.public ${written} holds no certificate in PEM; method cms is verified against one`);
  return certificates.flatMap((one) => checkCertificate(one, written, now));
}

const isSameKey = (a: KeyObject, b: KeyObject): boolean => a.equals(b);

/** The public key in a PEM text: of a key or of a certificate. @throws ReleasePlanError `signing-key-unreadable` */
export function publicKeyFrom(text: string, written: string): KeyObject {
  try {
    return createPublicKey(text);
  } catch (error) {
    throw new ReleasePlanError('signing-key-unreadable', `${written}: neither a public key nor a certificate in PEM`, { cause: error });
  }
}

/**
 * A certificate or public key that the plan names, as a file for openssl and as text.
 *
 * @throws ReleasePlanError `signing-key-missing`, `signing-key-unreadable`
 */
export async function readPublicFile(written: string, context: KeyContext, folder: string, label: string): Promise<{ path: string; text: string; certificates: X509Certificate[] }> {
  const source = resolveKey(written, context);
  if (source.kind === 'pkcs11') throw new ReleasePlanError('signing-key-unreadable', `${written}: certificates and public keys are read from files, not from a token`, { hint: 'Export it, for example with `pkcs11-tool --read-object --type cert`.' });
  const { value: path } = await toArgument(source, written, folder, label);
  const text = await readFile(path, 'utf8');
  try {
    return { path, text, certificates: readCertificates(text) };
  } catch (error) {
    throw new ReleasePlanError('signing-key-unreadable', `${written}: a certificate in it cannot be read`, { cause: error });
  }
}

function signOptions(method: SigningSettings['method'], key: PrivateKey, certificate: Prepared['certificate']): string[] {
  if (method === 'rsa') return ['dgst', '-sha256', '-sign', key.argument.value];
  // The salt is as long as it can be, which is what SWUpdate's verification accepts.
  if (method === 'rsa-pss') return ['dgst', '-sha256', '-sign', key.argument.value, '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:-2'];
  const path = certificate?.path ?? '';
  const intermediates = certificate?.chain === true ? ['-certfile', path] : [];
  return ['cms', '-sign', '-signer', path, '-inkey', key.argument.value, ...intermediates, '-outform', 'DER', '-nosmimecap', '-binary', '-md', 'sha256'];
}

const fileOptions = (method: SigningSettings['method'], path: string, signaturePath: string): string[] =>
  method === 'cms' ? ['-in', path, '-out', signaturePath] : ['-out', signaturePath, path];
