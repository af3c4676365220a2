import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { archiveVersion, type ArchiveRequest } from '../../src/archive/collect.ts';
import { versionDir } from '../../src/archive/layout.ts';
import { readVersion } from '../../src/archive/manifest.ts';
import type { ReleasePlanError } from '../../src/core/errors.ts';
import { configuration, plan } from '../support/manifests.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('archive/collect');

/** A deploy folder and an archive root, and a request that joins them. */
function scene(changes: Partial<ArchiveRequest> = {}): ArchiveRequest {
  const root = scratch('collect');
  const deploy = join(root, 'deploy');
  mkdirSync(deploy);
  writeFileSync(join(deploy, 'rootfs.squashfs'), `hsqs${'x'.repeat(5000)}`);
  writeFileSync(join(deploy, 'board.wic.bmap'), 'bmap');
  writeFileSync(join(deploy, 'notes.txt'), 'not asked for');
  return {
    key: { artifacts: join(root, 'artifacts'), machine: 'board', image: 'image' },
    product: 'demo',
    distro: 'prod',
    version: '0.1.0',
    deploy,
    partitions: plan().partitions.map((one) => ({ ...one, slotSizeBytes: 8192 })),
    collect: ['*.bmap', '*.absent'],
    configuration: configuration(),
    proof: [],
    tools: {},
    makeSignature: async (image, out) => await writeFile(out, `signature of ${readFileSync(image).length} bytes`),
    ...changes,
  };
}

const dirOf = (request: ArchiveRequest): string => versionDir(request.key, request.version);

async function refusal(request: ArchiveRequest): Promise<ReleasePlanError> {
  return await archiveVersion(request).then(
    () => assert.unreachable('it was archived') as never,
    (error: ReleasePlanError) => error,
  );
}

test('images, signatures and what the patterns name are archived; the rest is not', async () => {
  const request = scene();
  const made = await archiveVersion(request);
  assert.equal(readdirSync(dirOf(request)).sort(), [
    'board.wic.bmap',
    'build-info.txt',
    'manifest.json',
    'rootfs.signature',
    'rootfs.squashfs',
  ]);
  assert.equal(
    made.files.map((file) => [file.path, file.role, file.partition]),
    [
      ['rootfs.squashfs', 'image', 'rootfs'],
      ['board.wic.bmap', 'collected', undefined],
      ['rootfs.signature', 'signature', 'rootfs'],
      ['build-info.txt', 'build-info', undefined],
    ],
  );
  assert.is(made.partitions[0]?.filesystem, 'squashfs');
  const held = await readVersion(dirOf(request), '0.1.0');
  assert.equal(held, { state: 'whole', manifest: made, dir: dirOf(request) });
});

test('a link in the deploy folder is archived as the file that it names', async () => {
  const request = scene();
  renameSync(join(request.deploy, 'rootfs.squashfs'), join(request.deploy, 'rootfs-20260101.squashfs'));
  symlinkSync('rootfs-20260101.squashfs', join(request.deploy, 'rootfs.squashfs'));
  await archiveVersion(request);
  assert.is((await readVersion(dirOf(request), '0.1.0')).state, 'whole');
});

test('a missing image is named, and nothing is left', async () => {
  const request = scene();
  rmSync(join(request.deploy, 'rootfs.squashfs'));
  const error = await refusal(request);
  assert.is(error.code, 'artifact-missing');
  assert.match(error.message, join(request.deploy, 'rootfs.squashfs'));
  assert.not(existsSync(request.key.artifacts));
});

test('an image that is larger than its slot is not archived', async () => {
  const request = scene();
  writeFileSync(join(request.deploy, 'rootfs.squashfs'), `hsqs${'x'.repeat(8189)}`);
  const error = await refusal(request);
  assert.is(error.code, 'image-too-large');
  assert.match(error.message, 'has 8193 bytes, but its slot has 8192');
  assert.not(existsSync(dirOf(request)));
});

test('the same version with the same bytes is no new archive; with other bytes it is refused', async () => {
  const request = scene();
  const first = await archiveVersion(request);
  assert.equal(await archiveVersion(request), first);
  writeFileSync(join(request.deploy, 'rootfs.squashfs'), 'hsqs other');
  const error = await refusal(request);
  assert.is(error.code, 'archive-conflict');
  assert.match(error.message, 'differs from the archived image of 0.1.0');
  assert.equal((await readVersion(dirOf(request), '0.1.0')).state, 'whole');
});

test('a failure half way leaves no version and no temporary folder', async () => {
  const request = scene({ makeSignature: async () => await Promise.reject(new Error('no signature')) });
  await archiveVersion(request).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'no signature'),
  );
  assert.equal(readdirSync(join(request.key.artifacts, 'board', 'image')), []);
});

test('a build that stored its own artifacts is adopted in place', async () => {
  const root = scratch('adopt');
  const key = { artifacts: join(root, 'artifacts'), machine: 'board', image: 'image' };
  const deploy = versionDir(key, '0.1.0');
  mkdirSync(deploy, { recursive: true });
  writeFileSync(join(deploy, 'rootfs.squashfs'), 'hsqs');
  const request = scene({ key, deploy });
  await archiveVersion(request);
  assert.equal(readdirSync(deploy).sort(), ['build-info.txt', 'manifest.json', 'rootfs.signature', 'rootfs.squashfs']);
  assert.is((await readVersion(deploy, '0.1.0')).state, 'whole');
  // The collector ran again, over what is archived.
  writeFileSync(join(deploy, 'rootfs.squashfs'), 'hsq!');
  assert.is((await refusal(request)).code, 'archive-damaged');
});

test('the partition table of a disk image is kept, without names and serial numbers', async () => {
  const request = scene({ collect: ['*.wic'] });
  const disk = join(request.deploy, 'board.wic');
  writeFileSync(disk, '');
  truncateSync(disk, 8 * 1024 * 1024);
  execFileSync('/usr/sbin/sfdisk', ['--quiet', disk], {
    input: 'label: gpt\nsize=1MiB, name=boot\nsize=2MiB, name=rootfs\n',
  });
  const table = (await archiveVersion(request)).partitionTables['board.wic'] as {
    label: string;
    partitions: Array<Record<string, unknown>>;
  };
  assert.is(table.label, 'gpt');
  assert.equal(
    table.partitions.map((one) => [one.name, one.size, 'uuid' in one, 'node' in one]),
    [
      ['boot', 2048, false, false],
      ['rootfs', 4096, false, false],
    ],
  );
});

test('a pattern that finds a file above the deploy folder archives nothing, whatever its spelling', async () => {
  const request = scene({ collect: [String.raw`\.\./outside*`] });
  writeFileSync(join(request.deploy, '../outside.txt'), 'elsewhere');
  const failure = await refusal(request);
  assert.is(failure.code, 'path-outside');
  assert.is(existsSync(dirOf(request)), false);
});

test.run();
