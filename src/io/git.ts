/**
 * git on repositories that others wrote. A merge request brings files, among
 * them attributes, and could bring a whole repository with a configuration of
 * its own beside the plan: nothing of that may name a program that we run.
 */
import { run, runForBytes, type RunOptions, type RunResult } from './process.ts';

/**
 * Ahead of every command.
 *
 * @see git-config(1): safe.bareRepository (2.38), core.fsmonitor and core.hooksPath name programs
 */
const HARDENED = [
  'safe.bareRepository=explicit',
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'core.attributesFile=/dev/null',
  'core.pager=cat',
  'core.sshCommand=false',
  'credential.helper=',
  'diff.external=',
  'protocol.allow=never',
].flatMap((setting) => ['-c', setting]);

/** No prompt, no write to the index in passing, and no repository but the one around the folder. */
const ENVIRONMENT = { GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' };

const optionsOf = (options: RunOptions): RunOptions => ({
  ...options,
  // The caller's own settings: safe directories, identities, a proxy.
  env: { ...callersSettings(), ...ENVIRONMENT, ...options.env },
});

const callersSettings = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('GIT_')));

/** Runs git. @throws as {@link run} */
export async function git(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return await run('git', [...HARDENED, ...args], optionsOf(options));
}

/** What leads to a remote: an agent with keys, a proxy. */
const FOR_REMOTES = /^(SSH_|GIT_|(https?|no|all)_proxy$|SSL_CERT_)/i;

/** A server that accepts a connection and says nothing. */
const FETCH_MS = 5 * 60_000;

/**
 * Fetches the branches that a remote of the user's own checkout has, and nothing else, into a folder of refs of their
 * own; those that are gone there go here. With the user's own settings, as `git fetch` at a prompt; nothing is asked.
 *
 * @param into below `refs/`
 * @throws as {@link run}
 */
export async function gitFetchBranches(
  remote: string,
  into: string,
  options: Pick<RunOptions, 'cwd' | 'signal'>,
): Promise<void> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => FOR_REMOTES.test(name)));
  const refs = `+refs/heads/*:refs/${into}/*`;
  await run('git', ['fetch', '--quiet', '--prune', '--no-tags', '--refmap=', '--end-of-options', remote, refs], {
    ...options,
    timeoutMs: FETCH_MS,
    env: { ...env, GIT_TERMINAL_PROMPT: '0' },
  });
}

/** The bytes of a file in a commit, as they are stored: no text conversion, no filter. @throws as {@link run} */
export async function gitBlob(commit: string, path: string, options: RunOptions = {}): Promise<Buffer> {
  const args = [...HARDENED, 'cat-file', 'blob', `${commit}:${path}`];
  return Buffer.from(await runForBytes('git', args, optionsOf(options)));
}
