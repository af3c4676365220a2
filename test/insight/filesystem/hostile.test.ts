/** Damaged images end in an error that a user can read, or in a map: never in a crash, a hang or a bug. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../../src/core/errors.ts';
import { contentDigests } from '../../../src/insight/filesystem/content.ts';
import { ImageBytes } from '../../../src/insight/filesystem/image-bytes.ts';
import { ImageTree } from '../../../src/insight/filesystem/image-tree.ts';
import { openImage } from '../../../src/insight/filesystem/index.ts';
import { failureOf } from '../../support/failure.ts';
import { noise } from '../../support/noise.ts';
import { scratch } from '../../support/scratch.ts';
import { erofs, ext4, squashfs, tool, writeTree, type MakeImage } from '../images.ts';

const test = suite('insight/filesystem/hostile');
const dir = scratch('hostile-images');
const tree = join(dir, 'tree');
writeTree(tree, {
  'a/noise': noise(20_000, 1),
  'a/text': 'text '.repeat(4000),
  ...Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`b/${index}`, `small ${index}`.repeat(index)])),
});

const KINDS: Record<string, { make: MakeImage; runs: number }> = {
  'ext4': { make: ext4('2M', '-O', '^has_journal'), runs: 120 },
  'ext2': { make: ext4('2M', '-t', 'ext2', '-b', '1024'), runs: 120 },
  'squashfs': { make: squashfs('-noI', '-noD', '-noF', '-noX'), runs: 120 },
  'squashfs-gzip': { make: squashfs('-comp', 'gzip'), runs: 100 },
  'squashfs-zstd': { make: squashfs('-comp', 'zstd'), runs: 25 },
  'erofs': { make: erofs(), runs: 120 },
  'erofs-lz4hc': { make: erofs('-zlz4hc'), runs: 120 },
  'erofs-fragments': { make: erofs('-zlz4hc', '-Eall-fragments,ztailpacking,dedupe', '-C16384'), runs: 100 },
};

/** Reads all that can be read. */
async function readAll(path: string): Promise<string> {
  try {
    const image = await openImage(path);
    try {
      let at = 0;
      for (const { endByte } of image.extents) at = endByte;
      assert.is(at, image.bytes.sizeBytes);
      for (const entry of image.tree.walk()) image.tree.pathOf(entry);
      await contentDigests(image, image.tree.inodes.keys());
      return 'whole';
    } finally {
      image.close();
    }
  } catch (error) {
    if (error instanceof ReleasePlanError) return error.code;
    throw error;
  }
}

/** Where structures are rather than contents: the first blocks, the last ones, anywhere. */
const change = fc.record({
  from: fc.constantFrom('start', 'end', 'anywhere'),
  place: fc.nat(),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
});

for (const [name, { make, runs }] of Object.entries(KINDS)) {
  const file = join(dir, name);
  const broken = join(dir, `${name}.broken`);

  test(`${name}: bytes changed anywhere`, async () => {
    make(tree, file);
    const sound = readFileSync(file);
    assert.is(await readAll(file), 'whole');
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const bytes = Buffer.from(sound);
        for (const { from, place, bytes: put } of changes) {
          const span = from === 'anywhere' ? bytes.length : Math.min(bytes.length, 8192);
          const at = from === 'end' ? bytes.length - 1 - (place % span) : place % span;
          bytes.set(put.subarray(0, bytes.length - at), at);
        }
        writeFileSync(broken, bytes);
        seen.add(await readAll(broken));
      }),
      { numRuns: runs },
    );
    assert.ok(seen.has('image-corrupt'), [...seen].join());
    assert.equal(
      [...seen].filter((one) => !['whole', 'image-corrupt', 'image-unsupported'].includes(one)),
      [],
    );
  });

  test(`${name}: cut off anywhere`, async () => {
    const sound = readFileSync(file);
    for (let part = 0; part < 12; part += 1) {
      writeFileSync(broken, sound.subarray(0, Math.floor((sound.length * part) / 12)));
      assert.match(await readAll(broken), /^(whole|image-corrupt|image-unsupported)$/);
    }
  });
}

test('what is no image is said to be none', async () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('text'), noise(100_000, 3)]) {
    writeFileSync(join(dir, 'none'), bytes);
    const failure = await failureOf(() => openImage(join(dir, 'none')));
    assert.is(failure.code, 'image-unsupported');
  }
});

test('a sparse file of a terabyte is not read', async () => {
  const sparse = join(dir, 'sparse');
  writeTree(sparse, { 'etc/small': 'small' });
  execFileSync('truncate', ['-s', '1T', join(sparse, 'huge')]);
  ext4('8M')(sparse, join(dir, 'sparse.ext4'));
  const image = await openImage(join(dir, 'sparse.ext4'));
  const inode = (path: string): number => image.tree.inodeOf(image.tree.find(path) ?? -1);
  assert.is(image.tree.inodes[inode('/huge')]?.sizeBytes, 2 ** 40);
  const digests = await contentDigests(image, [inode('/huge'), inode('/etc/small')]);
  assert.equal([...digests.keys()], [inode('/etc/small')]);
  image.close();
});

test('a folder within itself', async () => {
  copyFileSync(join(dir, 'ext4'), join(dir, 'loop'));
  tool('debugfs', '-w', '-R', 'ln /a /a/again', join(dir, 'loop'));
  const failure = await failureOf(() => openImage(join(dir, 'loop')));
  assert.is(failure.code, 'image-corrupt');
  assert.match(failure.message, /the folder \/a(\/again)? is in two places$/);
});

test('folders nested deeper than Linux can name them', async () => {
  const bytes = new ImageBytes(join(dir, 'ext4'));
  const inTree = new ImageTree(bytes);
  const nest = async (): Promise<void> => {
    for (let at = 0; ;) at = inTree.add(at, 'd', 0);
  };
  assert.is((await failureOf(nest)).code, 'image-corrupt');
  assert.is(inTree.entries, 2049);
  bytes.close();
});

test('a program that is not there is named', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = dir;
  try {
    const failure = await failureOf(() => openImage(join(dir, 'squashfs-zstd')));
    assert.is(failure.code, 'tool-missing');
    assert.match(failure.message, /"zstd"/);
  } finally {
    process.env['PATH'] = path;
  }
});

test('a damaged image is told with its path', async () => {
  const bytes = readFileSync(join(dir, 'ext4'));
  // Inodes in a group, in the superblock.
  bytes.writeUInt32LE(0, 1024 + 0x28);
  writeFileSync(join(dir, 'bad'), bytes);
  const failure = await failureOf(() => openImage(join(dir, 'bad')));
  assert.is(failure.code, 'image-corrupt');
  assert.match(failure.message, /\/bad: its superblock says 0 inodes in a group$/);
});

test.run();
