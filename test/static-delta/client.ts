/** A real client that has nothing but a delta's source, and a server that offers nothing but the delta. */
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { run } from '../../src/io/process.ts';
import { deltaFolder, objectPath, type CommitPair } from '../../src/static-delta/names.ts';
import { readSuperblock } from '../../src/static-delta/superblock.ts';
import { serveWhole } from '../support/ostree-server.ts';
import { ostree } from '../support/ostree.ts';
import { scratch } from '../support/scratch.ts';

/** What a client got. */
export interface Pulled {
  /** The client's repository. */
  client: string;
  /** What it asked for. */
  asked: string[];
}

/** The client's program: another release of ostree than the installed one where this names its path. */
const CLIENT = process.env.OSTREE_CLIENT ?? 'ostree';

/**
 * Lets an unmodified client take a delta over HTTP: `pull --require-static-deltas`,
 * then fsck of everything that it has.
 *
 * @throws when it does not reach the target
 */
export async function pullDelta(repo: string, pair: CommitPair, mode = 'bare-user'): Promise<Pulled> {
  const by = async (at: string, ...args: string[]): Promise<void> =>
    void (await run(CLIENT, [`--repo=${at}`, ...args]));
  const served = await offered(repo, pair);
  const client = join(scratch('client'), 'repo');
  mkdirSync(client);
  await by(client, 'init', `--mode=${mode}`);
  await by(client, 'config', 'set', 'core.fsync', 'false');
  if (pair.from !== '') await by(client, 'pull-local', repo, pair.from);
  const server = await serveWhole(served);
  try {
    await by(client, 'remote', 'add', '--no-sign-verify', '--no-gpg-verify', 'origin', server.url);
    const pull = ['pull', '--require-static-deltas', 'origin', pair.to];
    // Clients before 2023.7 ask for objects while the parts are still being applied; the second time they have them.
    await by(client, ...pull).catch(async () => await by(client, ...pull));
  } finally {
    await server.close();
  }
  await by(client, 'fsck', '--quiet');
  return { client, asked: server.asked };
}

/** A repository with the delta and its fallback objects, and no other object. */
async function offered(repo: string, pair: CommitPair): Promise<string> {
  const served = join(scratch('served'), 'repo');
  mkdirSync(served);
  await ostree(served, 'init', '--mode=archive');
  const take = (path: string): void => {
    const to = join(served, relative(repo, path));
    mkdirSync(dirname(to), { recursive: true });
    if (existsSync(path)) cpSync(path, to, { recursive: true });
  };
  take(deltaFolder(repo, pair));
  const { fallbacks } = readSuperblock(readFileSync(join(deltaFolder(repo, pair), 'superblock')));
  for (const { object } of fallbacks) take(objectPath(repo, object));
  await ostree(served, 'summary', '--update');
  return served;
}
