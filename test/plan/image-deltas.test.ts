/** The figures that kinds of images are judged by are those of the page that shows how they were measured. */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import type { ImageKind, SquashfsCompression } from '../../src/core/image-kind.ts';
import { largeDeltasOf, MEASURED_MB } from '../../src/plan/image-deltas.ts';

const test = suite('plan: image deltas');
const page = readFileSync(new URL('../../docs/delta-friendly-images.md', import.meta.url), 'utf8');

/** The table's gzipped deltas in MB, by the image. */
function measured(): Map<string, number> {
  const [header = '', , ...lines] = page.slice(page.indexOf('### Kinds of images')).split('\n').slice(2);
  const cellsOf = (line: string): string[] => line.split('|').map((cell) => cell.trim());
  const column = cellsOf(header).indexOf('delta, gzip');
  const rows = lines.slice(0, lines.indexOf('')).map(cellsOf);
  return new Map(rows.map((cells) => [cells[1] ?? '', Number.parseFloat(cells[column] ?? '')]));
}

test('each is that of the table', () => {
  const table = measured();
  for (const [kind, megabytes] of Object.entries(MEASURED_MB)) assert.is(table.get(kind), megabytes, kind);
});

test('no kind of erofs without fragments has deltas that would have to be told', () => {
  const table = measured();
  const smallest = MEASURED_MB['squashfs, none, kas fragment'];
  const erofs = [...table].filter(([kind]) => /^erofs(?!.*fragments)/.test(kind));
  assert.ok(erofs.length >= 10);
  for (const [kind, megabytes] of erofs) assert.ok(megabytes < 2 * smallest, `${kind}: ${megabytes}`);
});

const squashfs = (compression: SquashfsCompression, kib: number, hasFragments = true): ImageKind => ({
  filesystem: 'squashfs',
  compression,
  blockBytes: kib * 1024,
  hasFragments,
});

test('a compressed squashfs is judged by its blocks', () => {
  const times = (kind: ImageKind): string | undefined => largeDeltasOf(kind)?.times.toFixed(1);
  const byTable = (kind: keyof typeof MEASURED_MB): string =>
    (MEASURED_MB[kind] / MEASURED_MB['squashfs, none, kas fragment']).toFixed(1);
  assert.is(times(squashfs('zstd', 128)), byTable('squashfs, zstd, 128 KiB'));
  assert.is(times(squashfs('zstd', 1024)), byTable('squashfs, zstd, 1024 KiB'));
  // By the nearest that was measured.
  assert.is(times(squashfs('zstd', 512)), byTable('squashfs, zstd, 1024 KiB'));
  assert.is(times(squashfs('gzip', 128)), byTable('squashfs, gzip, 128 KiB'));
  assert.is(times(squashfs('gzip', 64, false)), byTable('squashfs, gzip, 128 KiB'));
  assert.is(times(squashfs('lzma', 128)), byTable('squashfs, xz, 128 KiB'));
  assert.is(times(squashfs('unknown', 128)), byTable('squashfs, zstd, 128 KiB'));
  for (const small of ['none', 'lzo', 'lz4'] as const) assert.is(times(squashfs(small, 128)), undefined);
  assert.is(times(squashfs('zstd', 128, false)), undefined);
});

test('of erofs, fragments alone are told', () => {
  const erofs = (hasFragments: boolean): ImageKind => ({ filesystem: 'erofs', compression: 'zstd', hasFragments });
  assert.is(
    largeDeltasOf(erofs(true))?.times,
    MEASURED_MB['erofs, zstd, 64 KiB, fragments'] / MEASURED_MB['squashfs, none, kas fragment'],
  );
  assert.is(largeDeltasOf(erofs(false)), undefined);
});

test('whatever is told is at least twice as large, and names a fragment that is there', () => {
  const kinds = fc.record({
    filesystem: fc.constant('squashfs' as const),
    compression: fc.constantFrom<SquashfsCompression>('none', 'gzip', 'lzma', 'lzo', 'xz', 'lz4', 'zstd', 'unknown'),
    blockBytes: fc.integer({ min: 12, max: 20 }).map((bits) => 2 ** bits),
    hasFragments: fc.boolean(),
  });
  fc.assert(
    fc.property(kinds, (kind) => {
      const large = largeDeltasOf(kind);
      if (large === undefined) return;
      assert.ok(large.times >= 2 && kind.compression !== 'none');
      assert.ok(
        readFileSync(new URL(`../../kas/${large.fragment}`, import.meta.url), 'utf8').includes('local_conf_header'),
      );
    }),
  );
});

test.run();
