/** Kinds of images that the real mkfs programs make, read from their superblocks. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ImageKind } from '../../src/core/image-kind.ts';
import { imageKindOf } from '../../src/io/image-kind.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('io: image kinds');
const dir = scratch('image-kind');
const tree = join(dir, 'tree');
mkdirSync(tree);
writeFileSync(join(tree, 'program'), readFileSync('/bin/ls'));

const run = (command: string, ...args: string[]): void =>
  void execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });

function squashfs(options: readonly string[]): string {
  const image = join(dir, 'squashfs');
  run('mksquashfs', tree, image, '-noappend', ...options);
  return image;
}

function erofs(options: readonly string[]): string {
  const image = join(dir, 'erofs');
  run('mkfs.erofs', ...options, image, tree);
  return image;
}

const SQUASHFS: ReadonlyArray<readonly [options: string, kind: ImageKind]> = [
  ...(['gzip', 'lzo', 'xz', 'lz4', 'zstd'] as const).map((compression): readonly [string, ImageKind] => [
    `-comp ${compression}`,
    { filesystem: 'squashfs', compression, blockBytes: 131_072, hasFragments: true },
  ]),
  [
    '-comp zstd -b 4096 -no-fragments',
    { filesystem: 'squashfs', compression: 'zstd', blockBytes: 4096, hasFragments: false },
  ],
  ['-comp xz -b 1M', { filesystem: 'squashfs', compression: 'xz', blockBytes: 2 ** 20, hasFragments: true }],
  ['-noI -noD -noF -noX', { filesystem: 'squashfs', compression: 'none', blockBytes: 131_072, hasFragments: true }],
];

for (const [options, kind] of SQUASHFS) {
  test(`mksquashfs ${options}`, async () => {
    assert.equal(await imageKindOf(squashfs(options.split(' '))), kind);
  });
}

for (const [options, compression] of [
  [[], 'none'],
  [['-zlz4'], 'lz4'],
  [['-zlz4hc'], 'lz4'],
  [['-zlz4hc', '-C65536'], 'lz4'],
] as const) {
  test(`mkfs.erofs ${options.join(' ')}`, async () => {
    assert.equal(await imageKindOf(erofs(options)), { filesystem: 'erofs', compression, hasFragments: false });
  });
}

/** What mkfs.erofs 1.8.6 writes into available_compr_algs; that of Debian 12 knows lz4 alone. */
for (const [algorithms, compression] of [
  [0b0010, 'lzma'],
  [0b0100, 'deflate'],
  [0b1000, 'zstd'],
  [0b1001, 'zstd'],
  [0b10000, 'unknown'],
] as const) {
  test(`erofs with the compressions 0b${algorithms.toString(2)}`, async () => {
    const image = erofs(['-zlz4hc', '-C65536']);
    const bytes = readFileSync(image);
    bytes.writeUInt16LE(algorithms, 1024 + 84);
    writeFileSync(image, bytes);
    assert.equal(await imageKindOf(image), { filesystem: 'erofs', compression, hasFragments: false });
  });
}

/** As mkfs.erofs 1.8.6 writes both; that of Debian 12 was built without them. */
test('erofs with fragments has a file of packed ends; dedupe, by the same flag, has none', async () => {
  for (const [packedNid, hasFragments] of [
    [36n, true],
    [0n, false],
  ] as const) {
    const image = erofs(['-zlz4hc']);
    const bytes = readFileSync(image);
    bytes.writeUInt32LE(0x21, 1024 + 80);
    bytes.writeBigUInt64LE(packedNid, 1024 + 96);
    writeFileSync(image, bytes);
    assert.equal(await imageKindOf(image), { filesystem: 'erofs', compression: 'lz4', hasFragments });
  }
});

test('ext4 is ext4, and what is none of them is unknown', async () => {
  const image = join(dir, 'ext4');
  writeFileSync(image, '');
  truncateSync(image, 8 * 2 ** 20);
  run('mke2fs', '-q', '-t', 'ext4', image);
  assert.equal(await imageKindOf(image), { filesystem: 'ext4' });
  for (const content of ['', 'hsq', Buffer.alloc(4096)]) {
    writeFileSync(image, content);
    assert.equal(await imageKindOf(image), { filesystem: 'unknown' });
  }
});

test('a squashfs that ends in its superblock does not bring the reader down', async () => {
  const image = squashfs(['-comp', 'zstd']);
  truncateSync(image, 16);
  const kind = await imageKindOf(image);
  assert.is(kind.filesystem, 'squashfs');
  assert.is(kind.filesystem === 'squashfs' && kind.compression, 'unknown');
});

test.run();
