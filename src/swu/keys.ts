/**
 * Keys and certificates as a plan names them: a path, a PKCS#11 URI, or
 * `${NAME}` of the environment, whose value may be either or PEM text itself.
 *
 * What is secret stays out of arguments, messages and the disk: PEM text and
 * PINs lie, for as long as openssl runs, in a folder of mode 0700 in memory.
 */
import { access, constants, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { requireRegular } from '../io/regular.ts';
import { withPrivateScratch } from '../io/scratch.ts';
import type { Signer, SigningSettings } from '../core/plan.ts';

/** What a plan's references are resolved against. */
export interface KeyContext {
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute; relative paths start here. */
  planDir: string;
}

/** What signing depends on besides the plan. */
export interface SigningContext extends KeyContext {
  /** The present, unless a test says otherwise: certificates are checked against it. */
  now?: Date;
  signal?: AbortSignal;
}

/** Where the content of a reference is. */
export type KeySource =
  { kind: 'path'; path: string } | { kind: 'pem'; text: string } | { kind: 'pkcs11'; uri: string };

/** What openssl is given for a key. Never print it: a URI may hold a PIN's place. */
export interface KeyArgument {
  /** A path or a PKCS#11 URI without its PIN. */
  value: string;
  engine: boolean;
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Names of the environment variables that hold what is secret in signing, or lead to it; each once. */
export function signingVariables(signing: SigningSettings | undefined): string[] {
  if (signing === undefined) return [];
  const signers = signersOf(signing);
  const written = [signing.public, ...signers.flatMap((one) => [one.key, one.cert, one.passphraseFile])].flatMap(
    variablesIn,
  );
  const passphrases = signers.flatMap(({ passphraseEnv: name }) => (name === undefined ? [] : [name]));
  return [...new Set([...written, ...passphrases])];
}

/** The keys that sign, the first of them first; none where a command does. */
export const signersOf = (signing: SigningSettings): Signer[] =>
  'command' in signing ? [] : [signing, ...(signing.others ?? [])];

/** Names of the variables that a text refers to. */
export const variablesIn = (text: string | undefined): string[] =>
  [...(text ?? '').matchAll(VARIABLE)].map(([, name = '']) => name);

/**
 * Where a reference leads.
 *
 * @param written as in the plan; what messages name
 * @throws ReleasePlanError `signing-key-missing` when a variable is not set or empty,
 *   `signing-key-in-plan` when the secret itself is written there
 */
export function resolveKey(written: string, context: KeyContext): KeySource {
  // Whoever reads the plan, its history or a message about it would have it.
  if (written.includes('-----BEGIN ') || written.includes('pin-value=')) {
    throw new ReleasePlanError('signing-key-in-plan', 'the plan contains a key or a PIN under signing');
  }
  const value = expandVariables(written, context);
  if (value.includes('-----BEGIN ')) return { kind: 'pem', text: value };
  if (value.startsWith('pkcs11:')) return { kind: 'pkcs11', uri: value };
  return { kind: 'path', path: resolve(context.planDir, value) };
}

/**
 * Puts the values of the environment in place of each `${NAME}`.
 *
 * @param code of the error when a variable is not set or empty
 */
export function expandVariables(
  written: string,
  { env }: KeyContext,
  code: 'signing-key-missing' | 'encryption-key-missing' = 'signing-key-missing',
): string {
  return written.replaceAll(VARIABLE, (_all, name: string) => {
    const value = env[name];
    if (value !== undefined && value !== '') return value;
    const what = code === 'signing-key-missing' ? 'a path, a pkcs11: URI or the PEM text' : 'a path or the key itself';
    throw new ReleasePlanError(
      code,
      `${written}: environment variable ${name} is ${value === undefined ? 'not set' : 'empty'}`,
      { hint: `Set ${name} to ${what}.` },
    );
  });
}

/** Runs `body` with a folder that only this user can read, in memory where there is one, and removes it. */
export async function withPrivateFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  return await withPrivateScratch('key', body);
}

/**
 * Puts a source where openssl can read it.
 *
 * @param written as in the plan; what messages name
 * @param folder private, see {@link withPrivateFolder}
 * @param label of the file in it
 * @throws ReleasePlanError `signing-key-missing` when the file is not there or not readable, `file-not-regular`,
 *   `file-too-large`
 */
export async function toArgument(
  source: KeySource,
  written: string,
  folder: string,
  label: string,
): Promise<KeyArgument> {
  if (source.kind === 'pem') return { value: await privateFile(folder, `${label}.pem`, source.text), engine: false };
  if (source.kind === 'pkcs11') return { value: await withoutPin(source.uri, folder), engine: true };
  await requireRegular(source.path).catch((error: unknown) => {
    // Where a key lies is nobody's business: it is named as the plan names it.
    if (error instanceof ReleasePlanError)
      throw new ReleasePlanError(error.code, error.message.replaceAll(source.path, written));
    throw new ReleasePlanError('signing-key-missing', `${written}: the file does not exist or cannot be read`, {
      cause: error,
      hint: 'Relative paths start in the folder of the plan.',
    });
  });
  return { value: source.path, engine: false };
}

/**
 * Absolute path of a regular file that the plan names.
 *
 * @param key of the plan, for the message
 * @throws ReleasePlanError `signing-key-missing` when it is not there, not readable, or no regular file
 */
export async function readableFile(written: string, key: string, context: KeyContext): Promise<string> {
  const path = resolve(context.planDir, expandVariables(written, context));
  try {
    await access(path, constants.R_OK);
    if ((await stat(path)).isFile()) return path;
  } catch (error) {
    throw new ReleasePlanError('signing-key-missing', `${key} ${written}: it does not exist or cannot be read`, {
      cause: error,
      hint: 'A relative path starts at the folder of the plan.',
    });
  }
  throw new ReleasePlanError('signing-key-missing', `${key} ${written}: not a regular file`);
}

async function privateFile(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text.endsWith('\n') ? text : `${text}\n`, { mode: 0o600 });
  return path;
}

/**
 * Moves the PIN of a URI into a file: arguments are seen by every user of the machine.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7512#section-2.4 pin-value and pin-source
 */
async function withoutPin(uri: string, folder: string): Promise<string> {
  const pin = /([?&;])pin-value=([^&;]*)/.exec(uri);
  if (pin === null) return uri;
  const path = join(folder, 'pin');
  await writeFile(path, decodeURIComponent(pin[2] ?? ''), { mode: 0o600 });
  return uri.replace(pin[0], `${pin[1]}pin-source=file:${path}`);
}
