/** Certificates and public keys: reading them, and how long they last. */
import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { Diagnostic } from '../core/diagnostic.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { SigningSettings } from '../core/plan.ts';
import { readRegularText } from '../io/regular.ts';
import { resolveKey, toArgument, withPrivateFolder, type KeyContext } from './keys.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** A certificate that ends within this time is warned of. */
const WARN_DAYS = 30;

const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
const EMAIL_PROTECTION = '1.3.6.1.5.5.7.3.4';

const PEM_BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** Every certificate of a PEM text, in order; none when it holds none. @throws Error when a block does not parse */
export const readCertificates = (pem: string): X509Certificate[] =>
  (pem.match(PEM_BLOCK) ?? []).map((block) => new X509Certificate(block));

/** A certificate as messages name it: by its subject, on one line. */
export const nameOf = (certificate: X509Certificate): string => certificate.subject.replaceAll('\n', ', ');

/**
 * Whether a certificate may sign now.
 *
 * @param written how the plan names it
 * @param now injectable, for tests
 * @returns warnings: `certificate-expires-soon` in its last 30 days
 * @throws ReleasePlanError `certificate-expired`, `certificate-not-yet-valid`, naming it and the date
 */
export function checkCertificate(certificate: X509Certificate, written: string, now: Date): Diagnostic[] {
  const [from, until] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  const which = `the certificate ${written} (${nameOf(certificate)})`;
  if (now > until) throw new ReleasePlanError('certificate-expired', `${which} expired on ${until.toISOString()}`);
  if (now < from)
    throw new ReleasePlanError(
      'certificate-not-yet-valid',
      `${which} is not valid before ${from.toISOString()}; it is now ${now.toISOString()}`,
    );
  const daysLeft = Math.floor((until.getTime() - now.getTime()) / DAY_MS);
  if (daysLeft >= WARN_DAYS) return [];
  const left = daysLeft === 0 ? 'today or tomorrow' : `in ${daysLeft} ${daysLeft === 1 ? 'day' : 'days'}`;
  return [
    {
      code: 'certificate-expires-soon',
      severity: 'warning',
      message: `${which} expires ${left}, on ${until.toISOString()}`,
      hint: 'Renew it; devices reject packages signed with an expired certificate.',
    },
  ];
}

/**
 * Whether a device takes this signer only with `--cert-purpose codeSigning`:
 * it has an extended key usage with codeSigning and without emailProtection,
 * which is what SWUpdate looks for unless told otherwise.
 */
export function needsCodeSigningPurpose(certificate: X509Certificate): boolean {
  // Node.js types it as always there; it is undefined for a certificate without the extension.
  const usages = (certificate.keyUsage as string[] | undefined) ?? [];
  return usages.includes(CODE_SIGNING) && !usages.includes(EMAIL_PROTECTION);
}

/** The public key in a PEM text: of a key or of a certificate. @throws ReleasePlanError `signing-key-unreadable` */
export function publicKeyFrom(text: string, written: string): KeyObject {
  try {
    return createPublicKey(text);
  } catch (error) {
    throw new ReleasePlanError('signing-key-unreadable', `${written}: not a public key or certificate in PEM format`, {
      cause: error,
    });
  }
}

/**
 * A certificate or public key that the plan names, as a file for openssl and as text.
 *
 * @throws ReleasePlanError `signing-key-missing`, `signing-key-unreadable`
 */
export async function readPublicFile(
  written: string,
  context: KeyContext,
  folder: string,
  label: string,
): Promise<{ path: string; text: string; certificates: X509Certificate[] }> {
  const source = resolveKey(written, context);
  if (source.kind === 'pkcs11')
    throw new ReleasePlanError(
      'signing-key-unreadable',
      `${written}: certificates and public keys have to be files, not on a token`,
      { hint: 'Export it, for example with `pkcs11-tool --read-object --type cert`.' },
    );
  const { value: path } = await toArgument(source, written, folder, label);
  const text = await readRegularText(path);
  try {
    return { path, text, certificates: readCertificates(text) };
  } catch (error) {
    throw new ReleasePlanError('signing-key-unreadable', `${written}: contains a certificate that cannot be read`, {
      cause: error,
    });
  }
}

/**
 * Looks at what devices trust, for cms: certificates that are valid now.
 *
 * @returns warnings: `certificate-expires-soon`
 * @throws ReleasePlanError `signing-key-mismatch` when there is none, and as {@link checkCertificate} does
 */
export async function checkTrusted(
  { method, public: trusted }: Pick<SigningSettings, 'method' | 'public'>,
  context: KeyContext & { now?: Date },
): Promise<Diagnostic[]> {
  if (method !== 'cms' || trusted === undefined) return [];
  const { certificates } = await withPrivateFolder((folder) => readPublicFile(trusted, context, folder, 'public'));
  if (certificates.length === 0)
    throw new ReleasePlanError(
      'signing-key-mismatch',
      `signing.public ${trusted} holds no certificate in PEM; method cms is verified against one`,
    );
  return certificates.flatMap((one) => checkCertificate(one, trusted, context.now ?? new Date()));
}
