/** Every reader against trees whose content is known: paths, attributes, contents, and whose each byte is. */
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { contentDigests } from '../../../src/insight/filesystem/content.ts';
import { openImage, type OpenImage } from '../../../src/insight/filesystem/index.ts';
import { failureOf } from '../../support/failure.ts';
import { scratch } from '../../support/scratch.ts';
import { awkwardTree, KINDS, MORE_KINDS, squashfs } from '../images.ts';

const test = suite('insight/filesystem');
const dir = scratch('maps');
const tree = join(dir, 'tree');
awkwardTree(tree);

const pathsBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => `/${path}`);

function inodeOf(image: OpenImage, path: string): number {
  const entry = image.tree.find(path);
  if (entry === undefined) throw new Error(`${path} is not in the image`);
  return image.tree.inodeOf(entry);
}

for (const [name, make] of Object.entries({ ...KINDS, ...MORE_KINDS })) {
  const file = join(dir, 'image');

  test(`${name}: every path, attribute, link and content is as in the tree`, async () => {
    make(tree, file);
    const image = await openImage(file);
    const paths = pathsBelow(tree);
    assert.equal(
      [...image.tree.walk()]
        .map((entry) => image.tree.pathOf(entry))
        .filter((path) => !path.startsWith('/lost'))
        .sort(),
      [...paths].sort(),
    );
    const digests = await contentDigests(
      image,
      paths.map((path) => inodeOf(image, path)),
    );
    for (const path of paths) {
      const found = lstatSync(join(tree, path));
      const number = inodeOf(image, path);
      const inode = image.tree.inodes[number];
      assert.equal([inode?.mode, inode?.uid, inode?.gid], [found.mode & 0o7777, found.uid, found.gid], path);
      if (found.isSymbolicLink()) assert.is(image.tree.linkTargetOf(number), readlinkSync(join(tree, path)));
      if (!found.isFile()) continue;
      assert.is(inode?.sizeBytes, found.size, path);
      assert.is(
        digests.get(number),
        createHash('sha256')
          .update(readFileSync(join(tree, path)))
          .digest('base64'),
        path,
      );
    }
    image.close();
  });

  test(`${name}: every byte has one owner, and a file's bytes are its own`, async () => {
    const image = await openImage(file);
    let at = 0;
    for (const { startByte, endByte } of image.extents) {
      assert.is(startByte, at);
      assert.ok(endByte > startByte);
      at = endByte;
    }
    assert.is(at, lstatSync(file).size);
    // The copy shares its bytes where the image does not hold them twice. Small files may stand in inodes.
    for (const paths of [['/data/noise', '/data/copy-of-noise'], ['/many/small-3'], ['/ünïcode']])
      assertOwned(
        image,
        paths.map((path) => inodeOf(image, path)),
      );
    image.close();
  });
}

/** @param owners the first is asked for its bytes; all may be told as their owner */
function assertOwned(image: OpenImage, owners: readonly number[]): void {
  for (const piece of image.pieces(owners[0] ?? -1)) {
    if (piece.kind === 'zeros') continue;
    const [start, length] =
      piece.kind === 'plain' ? [piece.startByte, piece.lengthBytes] : [piece.block.startByte, piece.block.storedBytes];
    for (const { owner } of image.extents.within(start, start + length)) {
      const inodes =
        owner.kind === 'file' ? [owner.inode] : owner.kind === 'shared' ? owner.parts.map((one) => one.inode) : [];
      assert.ok(
        inodes.some((inode) => owners.includes(inode)),
        `${owner.kind} at ${start}`,
      );
    }
  }
}

test('a compression that cannot be undone is said', async () => {
  squashfs('-comp', 'lzo')(tree, join(dir, 'lzo'));
  const failure = await failureOf(() => openImage(join(dir, 'lzo')));
  assert.is(failure.code, 'image-unsupported');
});

test('links on the way to a file are followed within the image, and no further than Linux would', async () => {
  const image = await openImage(join(dir, 'image'));
  assert.is(image.tree.resolve('/link'), image.tree.find('/link'));
  assert.is(image.tree.resolve('/data/../data/./text'), image.tree.find('/data/text'));
  assert.is(image.tree.resolve('/long-link/x'), undefined);
  image.close();
});

test.run();
