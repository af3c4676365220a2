/** openssl(1) with a private key: its arguments, its passphrase, and its failures in words that give nothing away. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Signer } from '../core/plan.ts';
import type { Code } from '../core/codes/index.ts';
import { ReleasePlanError } from '../core/errors.ts';
import { run } from '../io/process.ts';
import { readableFile, resolveKey, toArgument, type KeyArgument, type KeyContext } from './keys.ts';

/** A private key that openssl can be pointed at. Valid as long as its private folder is. */
export interface PrivateKey {
  argument: KeyArgument;
  /** How the plan names it; what messages say. */
  written: string;
  /** `-passin ...`, or nothing. */
  passphrase: readonly string[];
  /** What openssl needs in its environment. */
  env: Record<string, string>;
  folder: string;
  signal: AbortSignal | undefined;
}

/**
 * Makes a key of the plan usable for openssl.
 *
 * @param folder private, see withPrivateFolder
 * @param label of the key's file in it, where it gets one
 * @throws ReleasePlanError `signing-key-missing`
 */
export async function privateKeyOf(
  signer: Signer,
  context: KeyContext & { signal?: AbortSignal },
  folder: string,
  label = 'key',
): Promise<PrivateKey> {
  const argument = await toArgument(resolveKey(signer.key, context), signer.key, folder, label);
  return {
    argument,
    written: signer.key,
    folder,
    signal: context.signal,
    ...(await passphraseOf(signer, argument, context)),
  };
}

async function passphraseOf(
  { passphraseEnv: name, passphraseFile: file }: Signer,
  key: KeyArgument,
  context: KeyContext,
): Promise<{ passphrase: string[]; env: Record<string, string> }> {
  if (file !== undefined)
    return { passphrase: ['-passin', `file:${await readableFile(file, 'signing.passphrase_file', context)}`], env: {} };
  // A token's module is configured by variables of its own; a key in a file needs none.
  const env = key.engine ? definedOf({ ...process.env, ...context.env }) : {};
  // An empty passphrase keeps openssl from asking a terminal; a token may have a key pad of its own and is left to ask.
  if (name === undefined) return { passphrase: key.engine ? [] : ['-passin', 'pass:'], env };
  const value = context.env[name];
  if (value === undefined)
    throw new ReleasePlanError(
      'signing-key-missing',
      `signing.passphrase_env: environment variable ${name} is not set`,
    );
  return { passphrase: ['-passin', `env:${name}`], env: { ...env, [name]: value } };
}

const definedOf = (env: KeyContext['env']): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((one): one is [string, string] => one[1] !== undefined));

/**
 * The public half of a private key.
 *
 * @throws ReleasePlanError `signing-key-unreadable` when openssl cannot read the key
 */
export async function publicHalfOf(key: PrivateKey): Promise<KeyObject> {
  const form = key.argument.engine ? ['-engine', 'pkcs11', '-inform', 'engine'] : [];
  const pem = await openssl('signing-key-unreadable', key, [
    'pkey',
    '-in',
    key.argument.value,
    ...form,
    '-pubout',
    ...key.passphrase,
  ]);
  return createPublicKey(pem);
}

/** `-engine pkcs11 -keyform engine` when the key lies on a token. */
export const engineOptions = (key: PrivateKey): string[] =>
  key.argument.engine ? ['-engine', 'pkcs11', '-keyform', 'engine'] : [];

/**
 * Runs openssl with a key. @throws ReleasePlanError of the given code, with openssl's words but without paths of
 * secrets
 */
export async function openssl(code: Code, key: PrivateKey, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run('openssl', args, {
      env: key.env,
      // A token may want its PIN from a person.
      onTerminal: key.argument.engine,
      ...(key.signal ? { signal: key.signal } : {}),
    });
    return stdout;
  } catch (error) {
    if (!(error instanceof ReleasePlanError) || error.code !== 'tool-failed') throw error;
    const words = error.message.replaceAll(key.argument.value, key.written).replaceAll(key.folder, '<private>');
    throw new ReleasePlanError(
      code,
      `${key.written}: ${words}`,
      code === 'signing-key-unreadable' ? { hint: hintFor(key) } : {},
    );
  }
}

function hintFor(key: PrivateKey): string {
  if (key.argument.engine)
    return (
      'Check that libengine-pkcs11-openssl and the module of the token are installed, and that the PIN is right ' +
      '(pin-source, or signing.passphrase_env).'
    );
  return key.passphrase.some((one) => /^(env|file):/.test(one))
    ? 'Check the passphrase.'
    : 'Check that it is a private key in PEM format. An encrypted key requires signing.passphrase_env or ' +
        'passphrase_file.';
}
