/** The registry on disk: read, and rewritten whole under a lock, signed before anyone sees it. */
import { rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { ReleasePlanError, errnoOf } from '../core/errors.ts';
import type { Report } from '../core/events.ts';
import { documentProblem } from '../io/documents/read.ts';
import { STAGING_PREFIX, cleanStaging, writeFileAtomic } from '../io/atomic.ts';
import { digestOf } from '../text/json.ts';
import { withLock } from '../io/lock.ts';
import { run } from '../io/process.ts';
import { readRegularText } from '../io/regular.ts';
import { emptyRegistry, parseRegistry, type Registry } from './registry.ts';
import { editRegistry, type RegistryEdit } from './registry-edit.ts';

/** Name of the variable that tells the sign command which file to sign in place. */
export const SIGN_VARIABLE = 'RELEASE_PLAN_TARGETS';

export interface UpdateOptions {
  /** Shell command that signs the document named by {@link SIGN_VARIABLE} in place. */
  sign?: string;
  /** Where the sign command runs. */
  cwd: string;
  /** What the sign command gets of the environment, beside what our own programs get. */
  env?: NodeJS.ProcessEnv;
  /** How long the sign command may take. */
  timeoutMs?: number;
  report: Report;
  signal?: AbortSignal;
  /** How long to wait for another process that rewrites the file. */
  waitMs?: number;
  /** Start a registry when the file does not exist. */
  create?: boolean;
}

/**
 * Reads the registry.
 *
 * @throws ReleasePlanError `targets-not-found`, `targets-invalid`
 */
export async function readRegistry(file: string): Promise<Registry> {
  let text: string;
  try {
    text = await readRegularText(file);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new ReleasePlanError('targets-not-found', `targets.json does not exist at ${file}`, { cause: error });
  }
  const registry = parseRegistry(text, file);
  const problem = await documentProblem('targets', JSON.parse(text));
  if (problem !== undefined) throw new ReleasePlanError('targets-invalid', `${file} ${problem}`);
  return registry;
}

/**
 * Rewrites the registry under a lock. The new document is signed first, where
 * the plan has a command for it, and only then gets its name: readers see the
 * old one or the new one, each with signatures that hold.
 *
 * @param change decides the edits from the registry as it is under the lock; no edits, no rewrite
 * @returns the registry as it now stands
 * @throws ReleasePlanError `targets-not-found`, `targets-invalid`, `targets-sign-failed`, `locked`
 */
export async function updateRegistry(
  file: string,
  change: (registry: Registry) => readonly RegistryEdit[],
  options: UpdateOptions,
): Promise<Registry> {
  const lock = join(dirname(file), `.${basename(file)}.lock`);
  const waiting = { waitMs: options.waitMs ?? 60_000, ...(options.signal ? { signal: options.signal } : {}) };
  return await withLock(lock, `rewriting ${basename(file)}`, waiting, async () => {
    await cleanStaging(dirname(file), basename(file));
    const registry = await readOrStart(file, options.create ?? false);
    const edits = change(registry);
    if (edits.length === 0) return registry;
    const edited = editRegistry(registry, edits);
    if (options.sign !== undefined) return await publishSigned(edited, options.sign, options);
    await writeFileAtomic(file, edited.text);
    if (registry.isSigned) {
      options.report({
        type: 'warning',
        message:
          `${file} was rewritten, which invalidated its signatures; they were removed. Sign it again before devices ` +
          'read it, or set targets.sign in the plan.',
      });
    }
    return edited;
  });
}

async function readOrStart(file: string, create: boolean): Promise<Registry> {
  try {
    return await readRegistry(file);
  } catch (error) {
    if (create && error instanceof ReleasePlanError && error.code === 'targets-not-found') return emptyRegistry(file);
    throw error;
  }
}

async function publishSigned(edited: Registry, command: string, options: UpdateOptions): Promise<Registry> {
  const staging = join(
    dirname(edited.file),
    `${STAGING_PREFIX}${basename(edited.file)}-${randomBytes(4).toString('hex')}`,
  );
  try {
    await writeFile(staging, edited.text, { flag: 'wx' });
    await runSignCommand(command, staging, edited.file, options);
    const signed = parseRegistry(await readRegularText(staging), edited.file);
    if (digestOf(signedPart(signed)) !== digestOf(signedPart(edited)))
      throw signFailed(edited.file, 'it changed the content');
    if (!signed.isSigned) throw signFailed(edited.file, `it left no signature in $${SIGN_VARIABLE}`);
    await writeFileAtomic(edited.file, signed.text);
    return signed;
  } finally {
    await rm(staging, { force: true });
  }
}

async function runSignCommand(command: string, staging: string, file: string, options: UpdateOptions): Promise<void> {
  try {
    await run('sh', ['-c', command], {
      cwd: options.cwd,
      env: { ...options.env, [SIGN_VARIABLE]: staging },
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (
      error instanceof ReleasePlanError &&
      ['tool-failed', 'tool-stalled', 'tool-output-too-large'].includes(error.code)
    )
      throw signFailed(file, error.message, error);
    throw error;
  }
}

const signedPart = (registry: Registry): unknown => (JSON.parse(registry.text) as { signed: unknown }).signed;

const signFailed = (file: string, why: string, cause?: unknown): ReleasePlanError =>
  new ReleasePlanError(
    'targets-sign-failed',
    `${file} was not rewritten, because the command in targets.sign failed: ${why}`,
    {
      cause,
      hint: `It has to sign the file $${SIGN_VARIABLE} in place, and change nothing else.`,
    },
  );
