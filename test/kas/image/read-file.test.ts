/** Images of each kind, made by their own tools, with the links that root file systems have. */
import { mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Filesystem } from '../../../src/io/filesystem.ts';
import { run } from '../../../src/io/process.ts';
import { readImageFile } from '../../../src/kas/image/read-file.ts';
import { failureOf } from '../../support/failure.ts';
import { scratch } from '../../support/scratch.ts';
import { failsWith } from '../expect.ts';

const test = suite('kas: files inside images');
const dir = scratch('images');
const rootfs = join(dir, 'rootfs');
const unpacked = join(dir, 'unpacked');
const longFolder = 'a-folder-whose-name-is-long-enough-that-a-link-to-it-needs-a-block-of-its-own';

test.before(async () => {
  for (const folder of ['etc', 'usr/lib/tolomeo', `usr/${longFolder}`])
    mkdirSync(join(rootfs, folder), { recursive: true });
  mkdirSync(unpacked);
  mkdirSync(join(dir, 'of-the-host'));
  writeFileSync(join(dir, 'of-the-host/secret'), 'of the host');
  writeFileSync(join(rootfs, 'etc/buildinfo'), 'BUILD_VERSION = 0.1.0\n');
  writeFileSync(join(rootfs, 'etc/with space'), 'spaced');
  writeFileSync(join(rootfs, 'etc/a[b]*'), 'odd');
  writeFileSync(join(rootfs, 'usr/lib/tolomeo/version'), 'linked');
  writeFileSync(join(rootfs, `usr/${longFolder}/version`), 'long');
  const links: Array<[link: string, target: string]> = [
    ['lib', 'usr/lib'],
    ['etc/relative', '../usr/lib/tolomeo/version'],
    ['etc/absolute', '/usr/lib/tolomeo/version'],
    ['etc/twice', 'relative'],
    ['etc/long', `../usr/${longFolder}/version`],
    ['etc/loop', 'loop2'],
    ['etc/loop2', 'loop'],
    ['etc/dangling', '/nowhere'],
    ['etc/climbing', '../../../../../etc/buildinfo'],
    ['etc/outside', '/etc/hostname'],
    ['folder-outside', join(dir, 'of-the-host')],
  ];
  for (const [link, target] of links) symlinkSync(target, join(rootfs, link));
  await run('mksquashfs', [rootfs, join(dir, 'squashfs'), '-quiet', '-no-progress']);
  await run('mkfs.erofs', [join(dir, 'erofs'), rootfs]);
  await run('mke2fs', ['-q', '-t', 'ext4', '-d', rootfs, join(dir, 'ext4'), '8M']);
});

const read = async (filesystem: Filesystem, path: string): Promise<string | undefined> => {
  const content = await readImageFile({ image: join(dir, filesystem), filesystem, path, scratchDir: unpacked });
  return content === undefined ? undefined : Buffer.from(content).toString();
};

const expected: Array<[path: string, content: string | undefined]> = [
  ['/etc/buildinfo', 'BUILD_VERSION = 0.1.0\n'],
  ['/etc/with space', 'spaced'],
  ['/etc/a[b]*', 'odd'],
  ['/lib/tolomeo/version', 'linked'],
  ['/etc/relative', 'linked'],
  ['/etc/absolute', 'linked'],
  ['/etc/twice', 'linked'],
  ['/etc/long', 'long'],
  ['/etc/climbing', 'BUILD_VERSION = 0.1.0\n'],
  ['/etc/loop', undefined],
  ['/etc/dangling', undefined],
  // The host has this file; the image has not.
  ['/etc/outside', undefined],
  ['/folder-outside/secret', undefined],
  ['/etc/missing', undefined],
  ['/etc/buildinfo/x', undefined],
  ['/etc', undefined],
];

for (const filesystem of ['squashfs', 'ext4', 'erofs'] as const) {
  test(`${filesystem}: files, links within the image, and what is not there`, async () => {
    for (const [path, content] of expected) assert.is(await read(filesystem, path), content, path);
    assert.equal(readdirSync(unpacked), []);
  });
}

test('FAT and what has no known file system are refused with a word of why', async () => {
  for (const filesystem of ['vfat', 'unknown'] as const)
    await failsWith('version-file-unreadable', () => read(filesystem, '/version'));
});

test('an image that is cut short is a failure, not a missing file', async () => {
  for (const filesystem of ['squashfs', 'ext4', 'erofs'] as const) {
    writeFileSync(join(dir, 'cut'), Buffer.alloc(100));
    await failsWith('tool-failed', () =>
      readImageFile({ image: join(dir, 'cut'), filesystem, path: '/etc/buildinfo', scratchDir: unpacked }),
    );
  }
});

test('a file of half a gigabyte in an image of kilobytes is told as such, and read no further than it may', async () => {
  const huge = join(dir, 'huge');
  mkdirSync(join(huge, 'etc'), { recursive: true });
  writeFileSync(join(huge, 'etc/buildinfo'), '');
  truncateSync(join(huge, 'etc/buildinfo'), 512 * 1024 ** 2);
  await run('mksquashfs', [huge, join(dir, 'bomb'), '-quiet', '-no-progress']);
  await failsWith('tool-output-too-large', () =>
    readImageFile({ image: join(dir, 'bomb'), filesystem: 'squashfs', path: '/etc/buildinfo', scratchDir: unpacked }),
  );
  truncateSync(join(huge, 'etc/buildinfo'), 64 * 1024 ** 2);
  await run('mkfs.erofs', ['-zlz4', join(dir, 'erofs-bomb'), huge]);
  const file = { image: join(dir, 'erofs-bomb'), path: '/etc/buildinfo', scratchDir: unpacked };
  assert.is((await failureOf(() => readImageFile({ ...file, filesystem: 'erofs' }))).code, 'file-too-large');
  assert.equal(readdirSync(unpacked), []);
});

test.run();
