/** Verifying the signature of a sw-description as a device does. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { run } from '../io/process.ts';
import type { SigningMethod } from '../core/plan.ts';
import { nameOf, needsCodeSigningPurpose, publicKeyFrom, readPublicFile } from './certificate.ts';
import { withPrivateFolder, type KeyContext } from './keys.ts';

/** What a device trusts. */
export interface Trust extends KeyContext {
  /** Undefined: as the signature shows, for packages that others made. */
  method: SigningMethod | undefined;
  /** Public key or certificate, as the plan writes it (signing.public). */
  public: string;
  signal?: AbortSignal;
}

/** The verdict on a signature. */
export interface Verdict {
  valid: boolean;
  /** By what it was verified, or openssl's reason. */
  detail: string;
}

/**
 * Verifies a signature by openssl.
 *
 * @throws ReleasePlanError when `trust.public` cannot be read: `signing-key-missing`, `signing-key-unreadable`
 */
export async function verifySignature(description: string, signature: string, trust: Trust): Promise<Verdict> {
  const methods = trust.method === undefined ? methodsOf(await readFile(signature)) : [trust.method];
  return await withPrivateFolder(async (folder) => {
    const verdicts: Verdict[] = [];
    for (const method of methods) {
      const verify = method === 'cms' ? verifyCms : verifyRsa;
      verdicts.push(await verify(description, signature, { ...trust, method }, folder));
    }
    return verdicts.find((one) => one.valid) ?? verdicts[0] ?? { valid: false, detail: 'the signature is empty' };
  });
}

/** The object identifier pkcs7-signedData, which stands at the beginning of every CMS signature (RFC 5652). */
const SIGNED_DATA = Buffer.from('06092a864886f70d010702', 'hex');

/** What a signature may be: CMS shows itself, the two kinds of RSA look alike. */
export const methodsOf = (signature: Buffer): Array<SigningMethod> =>
  signature.subarray(0, 32).includes(SIGNED_DATA) ? ['cms'] : ['rsa', 'rsa-pss'];

interface MethodTrust extends Trust {
  method: SigningMethod;
}

async function verifyRsa(description: string, signature: string, trust: MethodTrust, folder: string): Promise<Verdict> {
  const { text } = await readPublicFile(trust.public, trust, folder, 'public');
  const key = join(folder, 'public-key.pem');
  await writeFile(key, publicKeyFrom(text, trust.public).export({ type: 'spki', format: 'pem' }));
  const padding =
    trust.method === 'rsa-pss' ? ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:-2'] : [];
  return await verdictOf(
    trust,
    ['dgst', '-sha256', '-verify', key, ...padding, '-signature', signature, description],
    '',
  );
}

async function verifyCms(description: string, signature: string, trust: MethodTrust, folder: string): Promise<Verdict> {
  const { path, certificates } = await readPublicFile(trust.public, trust, folder, 'public');
  const [trusted] = certificates;
  if (trusted === undefined)
    throw new ReleasePlanError(
      'signing-key-unreadable',
      `${trust.public}: no certificate in PEM format, which method cms is verified against`,
    );
  // openssl's default purpose for cms is SWUpdate's own, emailProtection; of codeSigning it knows nothing before 3.2.
  const codeSigning = needsCodeSigningPurpose(trusted);
  const purpose = codeSigning ? ['-purpose', 'any'] : [];
  const remark = codeSigning ? '; the device must run with --cert-purpose codeSigning' : '';
  return await verdictOf(
    trust,
    [
      'cms',
      '-verify',
      '-binary',
      '-inform',
      'DER',
      '-in',
      signature,
      '-content',
      description,
      '-CAfile',
      path,
      '-no-CApath',
      '-no-CAstore',
      ...purpose,
      '-out',
      '/dev/null',
    ],
    ` (${nameOf(trusted)})${remark}`,
  );
}

async function verdictOf(trust: MethodTrust, args: readonly string[], remark: string): Promise<Verdict> {
  const { exitCode, stdout, stderr } = await run('openssl', args, {
    okCodes: [0, 1, 2, 4],
    ...(trust.signal ? { signal: trust.signal } : {}),
  });
  if (exitCode === 0) return { valid: true, detail: `${trust.method} against ${trust.public}${remark}` };
  // The last word of openssl's error queue says why: "certificate has expired", "bad signature", ...
  const reason = `${stdout}\n${stderr}`.trim().split('\n').at(-1)?.replace(/^.*:/, '').trim();
  return {
    valid: false,
    detail:
      `${trust.method} against ${trust.public}${remark}: ` +
      (reason === undefined || reason === '' ? 'made by another key, or over other bytes' : reason),
  };
}
