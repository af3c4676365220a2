/** Deltas of images that were built for it: what each byte is for is known beforehand. */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { blameDelta, type Blame, type FileRow } from '../../../src/insight/blame/blame.ts';
import { createDelta, gzipFile, zstdFile } from '../../../src/rdiff/index.ts';
import { failureOf } from '../../support/failure.ts';
import { noise } from '../../support/noise.ts';
import { scratch } from '../../support/scratch.ts';
import { KINDS, MORE_KINDS, tool, writeTree } from '../images.ts';

const test = suite('insight/blame');
const dir = scratch('blame');
const at = (name: string): string => join(dir, name);

/** Whole blocks of every kind of image: nothing else is in them. */
const CHANGED_BYTES = 131_072;
const NEW_BYTES = 262_144;
const small = (index: number): string => `a small file, number ${index} `.repeat(6 + index);

writeTree(at('old'), {
  'usr/lib/stays': noise(400_000, 1),
  'usr/lib/changes': noise(CHANGED_BYTES, 2),
  'etc/moves': 'text of a file that moves '.repeat(80),
  'usr/bin/tool': noise(60_000, 3),
  ...Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`etc/small-${index}`, small(index)])),
});
cpSync(at('old'), at('new'), { recursive: true, preserveTimestamps: true });
writeTree(at('new'), { 'usr/lib/changes': noise(CHANGED_BYTES, 12), 'usr/lib/new': noise(NEW_BYTES, 13) });
renameSync(at('new/etc/moves'), at('new/etc/moved'));
// One of many that share a compressed block.
writeTree(at('new'), { 'etc/small-7': small(7).replace('small', 'SMALL') });

/** The images of a pair and their delta. */
async function pair(name: string): Promise<{ base: string; target: string; delta: string }> {
  const make = KINDS[name];
  if (make === undefined) throw new Error(name);
  const paths = { base: at(`${name}.old`), target: at(`${name}.new`), delta: at(`${name}.delta`) };
  make(at('old'), paths.base);
  make(at('new'), paths.target);
  await createDelta(paths.base, paths.target, paths.delta);
  return paths;
}

const sumOf = (rows: ReadonlyArray<{ bytes: number }>): number => rows.reduce((sum, { bytes }) => sum + bytes, 0);

function assertWhole(found: Blame): void {
  assert.is(sumOf(found.files) + found.metadataBytes + found.commandBytes, found.totalBytes);
  assert.is(sumOf(found.metadata), found.metadataBytes);
  for (const { bytes, literalBytes } of [...found.files, ...found.metadata]) assert.ok(bytes >= 0 && literalBytes >= 0);
  const literals = [...found.files, ...found.metadata].reduce((sum, { literalBytes }) => sum + literalBytes, 0);
  assert.is(literals, found.literalBytes);
}

const rowOf = ({ files }: Blame, path: string): FileRow | undefined => files.find((row) => row.path === path);

for (const name of Object.keys(KINDS)) {
  test(`${name}: bytes go to the files that changed, with their causes`, async () => {
    const { base, target, delta } = await pair(name);
    const found = await blameDelta(base, target, delta);
    assertWhole(found);
    assert.is(found.totalBytes, readFileSync(delta).length);
    assert.is(found.targetBytes, readFileSync(target).length);
    const changed = rowOf(found, '/usr/lib/changes');
    const fresh = rowOf(found, '/usr/lib/new');
    assert.is(changed?.cause, 'changed');
    assert.is(fresh?.cause, 'new');
    // Noise does not compress, and nothing of it is in the base: what the two take is known but for a block's rest.
    assert.ok(Math.abs((changed?.literalBytes ?? 0) - CHANGED_BYTES) < 2_500, `${changed?.literalBytes}`);
    assert.ok(Math.abs((fresh?.literalBytes ?? 0) - NEW_BYTES) < 2_500, `${fresh?.literalBytes}`);
    assert.is(rowOf(found, '/usr/lib/stays'), undefined);
    const files = sumOf(found.files);
    assert.ok(files / (files + found.metadataBytes) > 0.95, `${files} of ${files + found.metadataBytes}`);
  });

  test(`${name}: compressed deltas and those of rdiff sum to their sizes too`, async () => {
    const { base, target, delta } = await pair(name);
    await gzipFile(delta, at('delta.gz'));
    await zstdFile(delta, at('delta.zst'));
    execFileSync('rdiff', ['--force', 'signature', base, at('sig')]);
    execFileSync('rdiff', ['--force', 'delta', at('sig'), target, at('rdiff')]);
    execFileSync('sh', ['-c', 'gzip -9 -n -c "$1" > "$2"', 'sh', at('rdiff'), at('rdiff.gz')]);
    for (const file of ['delta.gz', 'delta.zst', 'rdiff', 'rdiff.gz']) {
      const found = await blameDelta(base, target, at(file));
      assertWhole(found);
      assert.is(found.totalBytes, readFileSync(at(file)).length, file);
      const cost = rowOf(found, '/usr/lib/changes')?.bytes ?? 0;
      assert.ok(Math.abs(cost - CHANGED_BYTES) < 12_000, `${file}: ${cost}`);
    }
  });
}

for (const kind of ['ext4', 'squashfs', 'erofs'])
  test(`${kind}: in a compressed delta, files that compress badly and well each cost what they take`, async () => {
    const make = KINDS[kind];
    cpSync(at('old'), at('mixed'), { recursive: true, preserveTimestamps: true });
    const sizes = { noise: 65_536, text: 65_536 };
    writeTree(at('mixed'), {
      'usr/lib/mixed-1': noise(sizes.noise, 21),
      'usr/lib/mixed-2': 'a line of a log that says the same again and again\n'.repeat(1300).slice(0, sizes.text),
      'usr/lib/mixed-3': noise(sizes.noise, 22),
    });
    make?.(at('old'), at('m.old'));
    make?.(at('mixed'), at('m.new'));
    await createDelta(at('m.old'), at('m.new'), at('m.delta'));
    await gzipFile(at('m.delta'), at('m.delta.gz'));
    await zstdFile(at('m.delta'), at('m.delta.zst'));
    for (const file of ['m.delta.gz', 'm.delta.zst']) {
      const found = await blameDelta(at('m.old'), at('m.new'), at(file));
      assertWhole(found);
      const costOf = (index: number): number => rowOf(found, `/usr/lib/mixed-${index}`)?.bytes ?? 0;
      for (const index of [1, 3]) assert.ok(Math.abs(costOf(index) - sizes.noise) < 1200, `${file}: ${costOf(index)}`);
      assert.ok(costOf(2) > 0 && costOf(2) < 1200, `${file}: ${costOf(2)}`);
    }
  });

test('content that stands in an inode is the file, the rest of the inode is metadata', async () => {
  const make = MORE_KINDS['ext4, data in inodes'];
  writeTree(at('inline'), { 'etc/inline': noise(120, 31), 'etc/other': noise(120, 32) });
  make?.(at('inline'), at('i.old'));
  writeTree(at('inline'), { 'etc/inline': noise(120, 33) });
  make?.(at('inline'), at('i.new'));
  await createDelta(at('i.old'), at('i.new'), at('i.delta'));
  const found = await blameDelta(at('i.old'), at('i.new'), at('i.delta'));
  assertWhole(found);
  const [row, ...others] = found.files;
  assert.equal([row?.path, row?.cause, others], ['/etc/inline', 'changed', []]);
  // Some bytes of noise are what they were.
  assert.ok(Math.abs((row?.literalBytes ?? 0) - 120) < 12, `${row?.literalBytes}`);
  assert.equal(
    found.metadata.filter(({ what }) => what === 'inode table').length > 0,
    true,
    'the checksum of the inode',
  );
});

test('a file whose compressed block changed for another one is recompressed', async () => {
  const { base, target, delta } = await pair('squashfs-zstd');
  const found = await blameDelta(base, target, delta);
  assert.is(rowOf(found, '/etc/small-7')?.cause, 'changed');
  assert.is(rowOf(found, '/etc/small-8')?.cause, 'recompressed');
});

test('a file that went elsewhere is moved, where its bytes are in the delta at all', async () => {
  // Its compressed end lies in a block with what changed.
  const { base, target, delta } = await pair('squashfs-zstd');
  const found = await blameDelta(base, target, delta);
  assert.is(rowOf(found, '/etc/moved')?.cause, 'moved');
});

test('touched files differ by their times alone', async () => {
  const make = KINDS['squashfs'];
  cpSync(at('old'), at('touched'), { recursive: true, preserveTimestamps: true });
  for (const name of ['usr/lib/stays', 'usr/bin/tool']) utimesSync(at(`touched/${name}`), 1_650_000_000, 1_650_000_000);
  make?.(at('old'), at('t.old'));
  make?.(at('touched'), at('t.new'));
  await createDelta(at('t.old'), at('t.new'), at('t.delta'));
  const found = await blameDelta(at('t.old'), at('t.new'), at('t.delta'));
  assertWhole(found);
  assert.equal(found.files, []);
  assert.equal(
    found.metadata.filter(({ what }) => what === 'inode table').map(({ cause }) => cause),
    ['timestamps-only'],
  );
});

test('bytes that are in the base, but were not found there, are told as layout', async () => {
  // rdiff finds whole blocks of the base alone: a file smaller than a block is a literal wherever a neighbour changed.
  const { base, target } = await pair('ext4');
  execFileSync('rdiff', ['--force', 'signature', '-b', '65536', base, at('sig')]);
  execFileSync('rdiff', ['--force', 'delta', at('sig'), target, at('rdiff')]);
  const found = await blameDelta(base, target, at('rdiff'));
  assertWhole(found);
  assert.ok(found.files.some(({ path, cause }) => /small-/.test(path) && cause === 'layout'));
});

test('a base without a file system leaves causes unknown', async () => {
  const { target } = await pair('squashfs');
  writeFileSync(at('raw'), noise(100_000, 9));
  await createDelta(at('raw'), target, at('raw.delta'));
  const found = await blameDelta(at('raw'), target, at('raw.delta'));
  assertWhole(found);
  assert.ok(found.files.every(({ cause }) => cause === 'unknown'));
  assert.is(found.files.length, 35, 'every file that is not empty');
});

test('a delta for another target is refused', async () => {
  const { base, target } = await pair('squashfs');
  const other = readFileSync(target);
  // Within a file that the delta holds literally.
  const place = other.indexOf(Buffer.from(noise(64, 13)));
  other[place] = (other[place] ?? 0) ^ 1;
  writeFileSync(at('other'), other);
  const delta = at('squashfs.delta');
  const failure = await failureOf(() => blameDelta(base, at('other'), delta));
  assert.is(failure.code, 'delta-other-target');
  writeFileSync(at('other'), Buffer.concat([readFileSync(target), Buffer.alloc(4096)]));
  assert.is((await failureOf(() => blameDelta(base, at('other'), delta))).code, 'delta-other-target');
});

test('damaged deltas are refused as by apply', async () => {
  const { base, target, delta } = await pair('squashfs');
  await gzipFile(delta, at('whole.gz'));
  await zstdFile(delta, at('whole.zst'));
  for (const name of ['whole.gz', 'whole.zst']) {
    const whole = readFileSync(at(name));
    writeFileSync(at('cut'), whole.subarray(0, whole.length - 2000));
    assert.is((await failureOf(() => blameDelta(base, target, at('cut')))).code, 'delta-corrupt', name);
  }
  writeFileSync(at('cut'), readFileSync(delta).subarray(0, 5000));
  assert.is((await failureOf(() => blameDelta(base, target, at('cut')))).code, 'delta-truncated');
});

test('whatever changes, the rows sum to the size of the delta', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('squashfs-zstd', 'erofs-lz4hc', 'ext4'),
      fc.constantFrom('none', 'gzip', 'zstd'),
      fc.array(fc.tuple(fc.nat(29), fc.integer({ min: 1, max: 30_000 })), { minLength: 1, maxLength: 5 }),
      async (kind, compression, edits) => {
        rmSync(at('random'), { recursive: true, force: true });
        cpSync(at('old'), at('random'), { recursive: true, preserveTimestamps: true });
        for (const [index, length] of edits) writeTree(at('random'), { [`etc/small-${index}`]: noise(length, length) });
        KINDS[kind]?.(at('old'), at('r.old'));
        KINDS[kind]?.(at('random'), at('r.new'));
        await createDelta(at('r.old'), at('r.new'), at('r.delta'));
        if (compression === 'gzip') tool('gzip', '-kf', at('r.delta'));
        if (compression === 'zstd') tool('zstd', '-qf', '-3', at('r.delta'));
        const suffix = { none: '', gzip: '.gz', zstd: '.zst' }[compression];
        assertWhole(await blameDelta(at('r.old'), at('r.new'), at(`r.delta${suffix}`)));
      },
    ),
    { numRuns: 12 },
  );
});

test.run();
