/** What benches of static deltas share: repositories, who makes the delta, and a client that takes it. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readSuperblock } from '../src/static-delta/superblock.ts';
import { deltaFolder, type CommitPair } from '../src/static-delta/names.ts';
import { builtFile } from '../src/static-delta/wasm.ts';
import { serveWhole } from '../test/support/ostree-server.ts';
import type { BenchSettings } from './bench.ts';
import { measure, type Measurement, type Program } from './measure.ts';
import { program } from './programs.ts';

/** Two commits of a repository. */
export interface Inputs {
  repo: string;
  pair: CommitPair;
}

/** What a client loaded, and how long that took. */
export interface Pulled {
  run: Measurement;
  downloadBytes: number;
  requests: number;
}

/** Runs ostree, and gives what it says. */
export const ostree = (repo: string, ...args: string[]): string =>
  execFileSync('ostree', [`--repo=${repo}`, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** A whole process, as a user starts one; the library has no command of its own for this. */
export const ours = (repo: string, to: string, level: number, froms: readonly string[]): Program =>
  program(
    process.execPath,
    '--input-type=module',
    '--eval',
    `const { generateStaticDeltas } = await import(${JSON.stringify(builtFile('generate.js').href)});
   const [repo, to, level, ...froms] = process.argv.slice(1);
   await generateStaticDeltas(repo, to, froms, { level: Number(level) });`,
    repo,
    to,
    String(level),
    ...froms,
  );

/** What `apply` does: makes, proves by a client, updates the summary. */
export const proven = (repo: string, to: string, level: number, froms: readonly string[]): Program =>
  program(
    process.execPath,
    '--input-type=module',
    '--eval',
    `const { makeDeltas } = await import(${JSON.stringify(new URL('../dist/delivery/ostree/make.js', import.meta.url).href)});
   const [path, to, level, ...froms] = process.argv.slice(1);
   const generator = { kind: 'own', xz: Number(level) };
   const options = { generator, progress: () => undefined, warn: (line) => { throw new Error(line); } };
   await makeDeltas({ path }, froms.map((from) => ({ from, to })), options);`,
    repo,
    to,
    String(level),
    ...froms,
  );

/** Commits trees as a build would: the same bytes give the same commit. */
export const commitTree = (repo: string, branch: string, ...trees: string[]): string =>
  ostree(
    repo,
    'commit',
    `--branch=${branch}`,
    ...trees,
    '--owner-uid=0',
    '--owner-gid=0',
    '--no-xattrs',
    '--timestamp=2026-07-01T00:00:00Z',
  );

/**
 * A repository with two commits, made on the first call and kept.
 *
 * @param branches of source and target
 * @param fill commits to both in the repository that it is given
 */
export function keptRepository(
  repo: string,
  [source, target]: readonly [string, string],
  fill: (repo: string) => void,
): Inputs {
  if (!existsSync(repo)) makeRepository(repo, 'archive', fill);
  const commitOf = (branch: string): string => ostree(repo, 'rev-parse', branch);
  return { repo, pair: { from: commitOf(source), to: commitOf(target) } };
}

/** Under its name when it is whole. */
function makeRepository(repo: string, mode: 'archive' | 'bare-user', fill: (repo: string) => void): void {
  const staging = `${repo}.part`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  ostree(staging, 'init', `--mode=${mode}`);
  ostree(staging, 'config', 'set', 'core.fsync', 'false');
  fill(staging);
  renameSync(staging, repo);
}

/** Bytes of a delta: parts, fallback objects and superblock. */
export function bytesOf({ repo, pair }: Inputs): number {
  const file = join(deltaFolder(repo, pair), 'superblock');
  const { parts, fallbacks } = readSuperblock(readFileSync(file));
  return [...parts, ...fallbacks].reduce((sum, one) => sum + one.sizeBytes, statSync(file).size);
}

/** A client's repository with the source alone, kept; each pull gets a copy of it that shares its files. */
export function seededClient({ repo, pair }: Inputs, settings: BenchSettings): string {
  const client = `${repo}-client`;
  if (!existsSync(client)) {
    settings.note('seeding the client');
    makeRepository(client, 'bare-user', (staging) => void ostree(staging, 'pull-local', repo, pair.from));
  }
  return client;
}

/**
 * Lets a client with the source take the target.
 *
 * @param command its ostree: of another release than the installed one where it is given
 */
export async function pulled(
  input: Inputs,
  seed: string,
  workDir: string,
  command: readonly string[] = ['ostree'],
): Promise<Pulled> {
  const client = join(workDir, 'client');
  rmSync(client, { recursive: true, force: true });
  execFileSync('cp', ['-al', seed, client]);
  // Written to in place, so not shared.
  for (const name of ['config', '.lock'])
    if (existsSync(join(client, name)))
      execFileSync('cp', ['--remove-destination', join(seed, name), join(client, name)]);
  ostree(input.repo, 'summary', '--update');
  const server = await serveWhole(input.repo);
  try {
    ostree(client, 'remote', 'add', '--no-gpg-verify', 'origin', server.url);
    const [name = 'ostree', ...before] = command;
    const pull = [...before, `--repo=${client}`, 'pull', 'origin', input.pair.to];
    const run = await measure(program(name, ...pull), workDir);
    const sizes = server.asked.map((path) => statSync(join(input.repo, path), { throwIfNoEntry: false })?.size ?? 0);
    return { run, downloadBytes: sizes.reduce((sum, size) => sum + size, 0), requests: sizes.length };
  } finally {
    await server.close();
  }
}

/** Without deltas, and without proofs of some. */
export function clear({ repo }: Inputs): void {
  for (const name of ['deltas', 'delta-indexes', 'summary', '.release-plan'])
    rmSync(join(repo, name), { recursive: true, force: true });
}
