/** Signing a sw-description as SWUpdate verifies it: by openssl with a key, or by a command that knows where one is. */
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { CommandSigning, KeySigning, SigningSettings } from '../core/plan.ts';
import { ifPresent } from '../io/present.ts';
import { run } from '../io/process.ts';
import { checkTrusted } from './certificate.ts';
import { withPrivateFolder, type SigningContext } from './keys.ts';
import { signWithKeys, prepareKeys } from './sign-keys.ts';
import { verifySignature } from './verify.ts';

export type { SigningContext } from './keys.ts';

/**
 * Looks at keys, certificates and what devices trust, without signing: worth
 * doing before hours of building. A command is tried on a small file, and its
 * signature verified as devices would.
 *
 * @returns warnings (`certificate-expires-soon`)
 * @throws ReleasePlanError `signing-key-missing`, `signing-key-unreadable`,
 *   `signing-key-mismatch`, `certificate-expired`, `certificate-not-yet-valid`; `signing-failed` of a command
 */
export async function checkSigning(signing: SigningSettings, context: SigningContext): Promise<Diagnostic[]> {
  return await withPrivateFolder(async (folder) => {
    if (!('command' in signing)) return (await prepareKeys(signing, context, folder)).warnings;
    const trial = join(folder, 'trial');
    await writeFile(trial, 'release-plan tries the command of signing on this file\n');
    return await signByCommand(trial, join(folder, 'trial.sig'), signing, context);
  });
}

/**
 * Signs a file, after {@link checkSigning} did: a sw-description or any other.
 *
 * @param path the file
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
  if ('command' in signing) return await signByCommand(path, signaturePath, signing, context);
  return await signByKeys(path, signaturePath, signing, context);
}

async function signByKeys(path: string, signaturePath: string, signing: KeySigning, context: SigningContext) {
  return await withPrivateFolder(async (folder) => {
    const prepared = await prepareKeys(signing, context, folder);
    await signWithKeys(path, signaturePath, prepared);
    return prepared.warnings;
  });
}

/** A signer that asks a person, or a service far away, may take its time. */
const COMMAND_TIMEOUT_MS = 15 * 60_000;

async function signByCommand(
  path: string,
  signaturePath: string,
  signing: CommandSigning,
  context: SigningContext,
): Promise<Diagnostic[]> {
  const warnings = await checkTrusted(signing, context);
  const [program = '', ...args] = signing.command.map((one) =>
    one.replaceAll('{in}', path).replaceAll('{out}', signaturePath),
  );
  const { planDir, signal, env } = context;
  // What an earlier run left must not pass for the answer.
  await rm(signaturePath, { force: true });
  try {
    await run(program, args, {
      cwd: planDir,
      env: { ...env },
      timeoutMs: COMMAND_TIMEOUT_MS,
      onTerminal: true,
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (!(error instanceof ReleasePlanError) || error.code === 'interrupted') throw error;
    throw new ReleasePlanError('signing-failed', `signing.command: ${error.message}`, { cause: error });
  }
  const made = await ifPresent(stat(signaturePath));
  if (made === undefined || !made.isFile() || made.size === 0)
    throw new ReleasePlanError('signing-failed', `signing.command (${program}) ended well, but wrote no signature`, {
      hint: 'It gets the file in place of {in}, and writes the signature to {out}.',
    });
  await requireTrusted(path, signaturePath, signing, context);
  return warnings;
}

/** A service may hold another key than everyone believes: devices would refuse hours of work. */
async function requireTrusted(path: string, signature: string, signing: CommandSigning, context: SigningContext) {
  if (signing.public === undefined) return;
  const { method, public: trusted } = signing;
  const { valid, detail } = await verifySignature(path, signature, { ...context, method, public: trusted });
  if (!valid)
    throw new ReleasePlanError('signing-key-mismatch', `the signature of signing.command does not hold: ${detail}`, {
      hint: `It must make a signature of method ${method} with the key that belongs to signing.public.`,
    });
}
