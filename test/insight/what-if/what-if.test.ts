/** The same files in other images: unpacked as they were, and measured. */
import { cpSync, lstatSync, readFileSync, readdirSync, readlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openImage } from '../../../src/insight/filesystem/index.ts';
import { IMAGE_KINDS } from '../../../src/insight/what-if/make-image.ts';
import { unpackTree } from '../../../src/insight/what-if/unpack-tree.ts';
import { whatIf } from '../../../src/insight/what-if/what-if.ts';
import { noise } from '../../support/noise.ts';
import { scratch } from '../../support/scratch.ts';
import { awkwardTree, KINDS, writeTree } from '../images.ts';

const test = suite('insight/what-if');
const dir = scratch('what-if');
const at = (name: string): string => join(dir, name);

for (const kind of ['ext4', 'squashfs-zstd', 'erofs-lz4hc']) {
  test(`${kind}: a tree is unpacked as it was packed, but for pipes`, async () => {
    const tree = at(`${kind}.tree`);
    awkwardTree(tree);
    KINDS[kind]?.(tree, at('image'));
    const image = await openImage(at('image'));
    const out = at(`${kind}.out`);
    await unpackTree(image, out);
    image.close();
    const paths = (folder: string): string[] =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((path) => path !== 'pipe')
        .sort();
    assert.equal(paths(out), paths(tree));
    for (const path of paths(tree)) {
      const [was, is] = [lstatSync(join(tree, path)), lstatSync(join(out, path))];
      assert.is(is.mode, was.mode, path);
      if (was.isFile()) assert.ok(readFileSync(join(out, path)).equals(readFileSync(join(tree, path))), path);
      if (was.isSymbolicLink()) assert.is(readlinkSync(join(out, path)), readlinkSync(join(tree, path)));
      // -T0 of mkfs.erofs gives every file another.
      if (was.isFile() && kind !== 'erofs-lz4hc')
        assert.is(Math.floor(is.mtimeMs / 1000), Math.floor(was.mtimeMs / 1000), path);
    }
    assert.is(lstatSync(join(out, 'hard-link')).ino, lstatSync(join(out, 'data/text')).ino);
  });
}

test('deltas of every kind are measured, and what one time for all files saves', async () => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`many/${index}`, `file ${index}`]));
  writeTree(at('old'), { ...many, 'usr/same': noise(300_000, 1), 'usr/own': noise(100_000, 2) });
  cpSync(at('old'), at('new'), { recursive: true, preserveTimestamps: true });
  writeTree(at('new'), { 'usr/own': noise(100_000, 3) });
  for (const name of Object.keys(many)) utimesSync(at(`new/${name}`), 1_650_000_000, 1_650_000_000 + name.length);
  KINDS['squashfs']?.(at('old'), at('old.img'));
  KINDS['squashfs']?.(at('new'), at('new.img'));
  const told: string[] = [];
  const rows = await whatIf(at('old.img'), at('new.img'), {
    onRow: ({ kind, times }) => void told.push(`${kind} ${times}`),
  });
  assert.equal(
    told,
    ['kept', 'clamped'].flatMap((times) => IMAGE_KINDS.map((kind) => `${kind} ${times}`)),
  );
  const deltaOf = (kind: string, times: string): number =>
    rows.find((row) => row.kind === kind && row.times === times)?.sizes?.deltaBytes ?? -1;
  for (const { kind, sizes, reason } of rows) {
    assert.is(reason, null, kind);
    // Noise that changed, and little else.
    assert.ok((sizes?.deltaBytes ?? 0) > 100_000 && (sizes?.deltaBytes ?? 0) < 140_000, `${kind} ${sizes?.deltaBytes}`);
    assert.ok((sizes?.gzipBytes ?? 0) > 90_000);
  }
  assert.ok(deltaOf('squashfs', 'clamped') < deltaOf('squashfs', 'kept') - 200, 'the times of 200 files');
});

test.run();
