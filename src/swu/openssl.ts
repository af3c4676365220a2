/** openssl(1) with a private key: its arguments, its passphrase, and its failures in words that give nothing away. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { SigningSettings } from '../core/plan.ts';
import type { Code } from '../core/codes/index.ts';
import { ReleasePlanError } from '../core/errors.ts';
import { run } from '../io/process.ts';
import { resolveKey, toArgument, type KeyArgument, type KeyContext } from './keys.ts';

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
 * Makes the plan's key usable for openssl.
 *
 * @param folder private, see withPrivateFolder
 * @throws ReleasePlanError `signing-key-missing`
 */
export async function privateKeyOf(
  signing: SigningSettings,
  context: KeyContext & { signal?: AbortSignal },
  folder: string,
): Promise<PrivateKey> {
  const argument = await toArgument(resolveKey(signing.key, context), signing.key, folder, 'key');
  return {
    argument,
    written: signing.key,
    folder,
    signal: context.signal,
    ...passphraseOf(signing.passphraseEnv, argument, context),
  };
}

function passphraseOf(
  name: string | undefined,
  key: KeyArgument,
  context: KeyContext,
): { passphrase: string[]; env: Record<string, string> } {
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
    const { stdout } = await run('openssl', args, { env: key.env, ...(key.signal ? { signal: key.signal } : {}) });
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
  return key.passphrase.some((one) => one.startsWith('env:'))
    ? 'Check the passphrase.'
    : 'Check that it is a private key in PEM format. An encrypted key requires signing.passphrase_env.';
}
