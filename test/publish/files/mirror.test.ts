import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../../../src/io/process.ts';
import type { Destination } from '../../../src/publish/destination.ts';
import { openDestination } from '../../../src/publish/kinds.ts';
import { failureOf } from '../../support/failure.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { archiveRepository, commit, ostree, treeOf } from '../../support/ostree.ts';
import { serveWhole } from '../../support/ostree-server.ts';
import { startS3rver } from '../../support/peers/s3.ts';
import { publishHost } from '../../support/publish-host.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('mirror an OSTree repository');

/** A repository with two commits, the delta between them and a summary. */
async function repository(): Promise<{ repo: string; head: string }> {
  const repo = await archiveRepository('mirror');
  const first = await commit(repo, 'main', treeOf('a', 1), 1);
  const head = await commit(repo, 'main', treeOf('a', 2), 2);
  await ostree(repo, 'static-delta', 'generate', `--from=${first}`, `--to=${head}`);
  await ostree(repo, 'summary', '-u');
  return { repo, head };
}

/** Pulls a branch as a device does. @returns the commit that it has then */
async function pull(url: string): Promise<string> {
  const device = join(scratch('device'), 'repo');
  mkdirSync(device);
  await ostree(device, 'init', '--mode=bare-user-only');
  await ostree(device, 'remote', 'add', '--no-sign-verify', 'origin', url);
  await ostree(device, 'pull', 'origin', 'main');
  await ostree(device, 'fsck', '--quiet');
  return (await ostree(device, 'rev-parse', 'origin:main')).trim();
}

const quiet = { onTotal: (): void => undefined, onBytes: (): void => undefined };

async function mirror(destination: Destination, repo: string): Promise<{ sentFiles: number; sentBytes: number }> {
  assert.ok(destination.mirror);
  return await destination.mirror(repo, quiet);
}

test('a device pulls from the folder; a second run sends nothing, a new commit only what is new', async () => {
  const { repo, head } = await repository();
  const dir = scratch('mirror-folder');
  const settings = { name: 'web', kind: 'directory', auto: false, options: { path: 'srv' } };
  const destination = await openDestination(settings, publishHost(dir).host);
  const first = await mirror(destination, repo);
  assert.ok(first.sentFiles > 10);
  const server = await serveWhole(join(dir, 'srv'));
  assert.is(await pull(server.url), head);
  assert.is((await mirror(destination, repo)).sentFiles, 0);
  const next = await commit(repo, 'main', treeOf('a', 3), 3);
  await ostree(repo, 'summary', '-u');
  const second = await mirror(destination, repo);
  assert.ok(second.sentFiles > 0 && second.sentFiles < first.sentFiles);
  assert.is(await pull(server.url), next);
  await server.close();
});

test('a delta that was made anew is brought anew', async () => {
  const { repo } = await repository();
  const dir = scratch('mirror-remade');
  const settings = { name: 'web', kind: 'directory', auto: false, options: { path: 'srv' } };
  const destination = await openDestination(settings, publishHost(dir).host);
  await mirror(destination, repo);
  const { stdout } = await run('find', [join(dir, 'srv/deltas'), '-name', 'superblock']);
  const bytes = readFileSync(stdout);
  writeFileSync(stdout, Buffer.alloc(bytes.byteLength));
  assert.is((await mirror(destination, repo)).sentFiles, 1);
  assert.ok(readFileSync(stdout).equals(bytes));
});

test('what devices cannot pull from is refused', async () => {
  const dir = scratch('mirror-refused');
  const settings = { name: 'web', kind: 'directory', auto: false, options: { path: 'srv' } };
  const destination = await openDestination(settings, publishHost(dir).host);
  mkdirSync(join(dir, 'repo'));
  assert.is((await failureOf(() => mirror(destination, join(dir, 'repo')))).code, 'publish-refused');
  await ostree(join(dir, 'repo'), 'init', '--mode=bare-user-only');
  assert.is((await failureOf(() => mirror(destination, join(dir, 'repo')))).code, 'publish-refused');
  assert.not(existsSync(join(dir, 'srv')));
});

const peer = await startS3rver();
if ('skipped' in peer) process.stdout.write(`${peer.skipped}\n`);
else {
  test.after(async () => await peer.stop());
  test('in a bucket objects come first and the summary last; an interrupted run goes on', async () => {
    const { repo } = await repository();
    const proxy = await startFaultProxy(peer.url);
    const env = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };
    const options = { bucket: 'updates', prefix: 'repo', endpoint: proxy.url };
    const settings = { name: 'cdn', kind: 's3', auto: false, options };
    const destination = await openDestination(settings, publishHost(scratch('mirror-s3'), env).host);
    proxy.faults.push({ match: /^PUT .*superblock/, times: 1, how: { kind: 'answer', status: 403 } });
    assert.is((await failureOf(() => mirror(destination, repo))).code, 'server-denied');
    assert.not(proxy.seen.some(({ what }) => what.includes('summary')));
    const before = proxy.seen.filter(({ what }) => what.startsWith('PUT')).length;
    proxy.seen.length = 0;
    await mirror(destination, repo);
    const puts = proxy.seen
      .filter(({ what }) => what.startsWith('PUT'))
      .map(({ what }) => what.slice('PUT /updates/repo/'.length));
    assert.is(puts.at(-1), 'summary');
    assert.not(puts.some((name) => name.startsWith('objects/')));
    assert.ok(before > puts.length);
    await proxy.stop();
  });
}

test.run();
