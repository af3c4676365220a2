/**
 * The proof of static deltas: a fresh repository that holds only the source
 * takes the delta, from a server that offers nothing else, and has the target.
 */
import { mkdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError, errnoOf, messageOf } from '../../core/errors.ts';
import { writeFileCommit } from '../../static-delta/file-commit.ts';
import type { ObjectName } from '../../static-delta/names.ts';
import { readSuperblock } from '../../static-delta/superblock.ts';
import { usedSources } from '../../static-delta/used-sources.ts';
import { ostree, ownFolder, type OstreeRepository } from './repository.ts';
import { linkObjects, linkOrCopy, makeRepository, seedSources, type Seed } from './seeds.ts';
import { deltaFolder, type CommitPair } from './static-delta.ts';

/** Proves one delta. @returns why it is no good, or undefined when it is */
export type Prove = (pair: CommitPair) => Promise<string | undefined>;

/**
 * Proves deltas to one target, or to several, whose sources are prepared together.
 *
 * @param body gets what proves each of the pairs
 * @throws ReleasePlanError `ostree-object-damaged` when the tree of a source cannot be read
 */
export async function withProofs<T>(
  repo: OstreeRepository,
  pairs: readonly CommitPair[],
  signal: AbortSignal | undefined,
  body: (prove: Prove) => Promise<T>,
): Promise<T> {
  await mkdir(ownFolder(repo), { recursive: true });
  const scratch = await mkdtemp(join(ownFolder(repo), 'proof-'));
  try {
    const sources = [...new Set(pairs.map(({ from }) => from))];
    const seeds = await seedSources(repo, sources, scratch);
    return await body(async (pair) => {
      const seed = seeds.get(pair.from);
      if (seed === undefined) throw new Error(`${pair.from} is no source of these proofs`);
      return await prove(repo, pair, { seed, folder: await mkdtemp(join(scratch, 'delta-')) }, signal);
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Place {
  seed: Seed;
  /** For everything but the seed. */
  folder: string;
}

/**
 * Proves a delta that is whole.
 *
 * The server has no objects but the delta's own fallback objects, so what the
 * delta lacks shows. The client checks every object that it writes; another
 * client, with the same source, then takes the target from it and checks what
 * the first one has stored.
 */
async function prove(
  repo: OstreeRepository,
  pair: CommitPair,
  { seed, folder }: Place,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const stop = signal ? { signal } : {};
  const [server, client, witness] = ['server', 'client', 'witness'].map((name) => ({ path: join(folder, name) })) as [
    Repository,
    Repository,
    Repository,
  ];
  try {
    await serveOnly(repo, pair, server.path);
    await ostree(server, ['summary', '--update'], stop);
    await startClient(repo, pair, client, { seed, folder }, signal);
    await pullDelta(client, server, pair, signal);
    makeRepository(witness.path, { mode: clientMode(), parent: seed.path });
    await ostree(witness, ['pull-local', '--untrusted', '--disable-fsync', client.path, pair.to], stop);
    return undefined;
  } catch (error) {
    if (error instanceof ReleasePlanError && (error.code === 'tool-failed' || error.code === 'static-delta-corrupt'))
      return error.message;
    // A fallback object that the repository has lost: every device would miss it too.
    if (errnoOf(error) === 'ENOENT') return messageOf(error);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Repository = Pick<OstreeRepository, 'path'>;

/** Owners and extended attributes are part of each checksum: bare keeps them as they are, bare-user beside the file. */
const clientMode = (): string => (process.getuid?.() === 0 ? 'bare' : 'bare-user');

async function pullDelta(
  client: Repository,
  server: Repository,
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

/**
 * A client whose parent repository has the source. Files that the delta reads have to be unpacked in its own: ostree
 * itself does that, from a commit of nothing else. What is not of the source it does not get, whatever the delta says.
 */
async function startClient(
  repo: OstreeRepository,
  pair: CommitPair,
  client: Repository,
  { seed, folder }: Place,
  signal?: AbortSignal,
): Promise<void> {
  const mode = clientMode();
  const from = await unpackable(repo, pair, seed, join(folder, 'files'));
  makeRepository(client.path, { mode });
  await ostree(client, ['pull-local', '--disable-fsync', from.path, from.commit], signal ? { signal } : {});
  makeRepository(client.path, { mode, parent: seed.path });
}

/** What a client unpacks before it takes a delta: the files that it reads; all of the source where xz is missing. */
async function unpackable(
  repo: OstreeRepository,
  pair: CommitPair,
  seed: Seed,
  path: string,
): Promise<Pick<Seed, 'path' | 'commit'>> {
  try {
    const superblock = readSuperblock(await readFile(join(deltaFolder(repo, pair), 'superblock')));
    const names = (await usedSources(repo.path, superblock))
      .map((checksum): ObjectName => ({ type: 'file', checksum }))
      .filter(seed.has);
    makeRepository(path, { mode: 'archive-z2' });
    await linkObjects(repo.path, path, names);
    return {
      path,
      commit: writeFileCommit(
        path,
        names.map(({ checksum }) => checksum),
      ),
    };
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'tool-missing') return seed;
    throw error;
  }
}

async function serveOnly(repo: OstreeRepository, pair: CommitPair, server: string): Promise<void> {
  // A repository's own configuration may name remotes and signatures that have no place here.
  makeRepository(server, { 'mode': 'archive-z2', 'indexed-deltas': 'true' });
  const [from, to] = [deltaFolder(repo, pair), deltaFolder({ path: server }, pair)];
  mkdirSync(to, { recursive: true });
  for (const name of await readdir(from)) linkOrCopy(join(from, name), join(to, name));
  const { fallbacks } = readSuperblock(await readFile(join(from, 'superblock')));
  const objects = fallbacks.map(({ object }): ObjectName => object);
  await linkObjects(repo.path, server, objects);
}
