/**
 * The proof of a static delta: a fresh repository that holds only the source
 * takes the delta, from a server that offers nothing else, and has the target.
 */
import { copyFile, link, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError, errnoOf, messageOf } from '../../core/errors.ts';
import { ostree, ownFolder, type OstreeRepository } from './repository.ts';
import { deltaFolder, type CommitPair, type DeltaContent } from './static-delta.ts';

/** Folders without which ostree does not open a repository. */
const SKELETON = ['objects', 'refs/heads', 'refs/mirrors', 'refs/remotes', 'extensions', 'state', 'tmp'];

/**
 * Proves a delta that can be read.
 *
 * The server has no objects but the delta's own fallback objects, so what the
 * delta lacks shows. The client checks every object that it writes, and fsck
 * reads all of them again.
 *
 * @returns why the delta is no good, or undefined when it is
 */
export async function proveDelta(
  repo: OstreeRepository,
  pair: CommitPair,
  content: DeltaContent,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const stop = signal ? { signal } : {};
  await mkdir(ownFolder(repo), { recursive: true });
  const scratch = await mkdtemp(join(ownFolder(repo), 'proof-'));
  try {
    const server = { path: join(scratch, 'server') };
    const client = { path: join(scratch, 'client') };
    await serveOnly(repo, pair, content.fallbacks, server.path);
    await ostree(server, ['summary', '--update'], stop);
    await startClient(repo, pair, client.path, signal);
    await pullDelta(client, server, pair, signal);
    await ostree(client, ['fsck', '--quiet'], stop);
    await ostree(client, ['ls', pair.to], stop);
    return undefined;
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'tool-failed') return error.message;
    // A fallback object that the repository has lost: every device would miss it too.
    if (errnoOf(error) === 'ENOENT') return messageOf(error);
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function pullDelta(
  client: { path: string },
  server: { path: string },
  pair: CommitPair,
  signal?: AbortSignal,
): Promise<void> {
  // Nothing of it outlives the proof.
  const pull = ['pull-local', '--disable-fsync', '--require-static-deltas', server.path, pair.to];
  const stop = signal ? { signal } : {};
  const { exitCode } = await ostree(client, pull, { ...stop, okCodes: [0, 1] });
  // Clients before 2023.7 ask for objects while the parts are still being applied; the second time they have them.
  if (exitCode !== 0) await ostree(client, pull, stop);
}

async function startClient(
  repo: OstreeRepository,
  pair: CommitPair,
  client: string,
  signal?: AbortSignal,
): Promise<void> {
  // Owners and extended attributes are part of each checksum: bare keeps them as they are, bare-user beside the file.
  const mode = process.getuid?.() === 0 ? 'bare' : 'bare-user';
  const stop = signal ? { signal } : {};
  await ostree({ path: client }, ['init', `--mode=${mode}`], stop);
  await ostree({ path: client }, ['pull-local', '--disable-fsync', repo.path, pair.from], stop);
}

async function serveOnly(
  repo: OstreeRepository,
  pair: CommitPair,
  fallbacks: readonly string[],
  server: string,
): Promise<void> {
  for (const folder of SKELETON) await mkdir(join(server, folder), { recursive: true });
  // A repository's own configuration may name remotes and signatures that have no place here.
  await writeFile(join(server, 'config'), '[core]\nrepo_version=1\nmode=archive-z2\nindexed-deltas=true\n');
  const [from, to] = [deltaFolder(repo, pair), deltaFolder({ path: server }, pair)];
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) await linkOrCopy(join(from, name), join(to, name));
  for (const object of fallbacks) {
    const folder = join('objects', object.slice(0, 2));
    await mkdir(join(server, folder), { recursive: true });
    const name = join(folder, `${object.slice(2)}.filez`);
    await linkOrCopy(join(repo.path, name), join(server, name));
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // Not on every file system, and not of another user's files.
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error;
    await copyFile(from, to);
  }
}
