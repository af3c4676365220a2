/** SPDX 2.2 archives as create-spdx makes them. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readSpdxArchive } from '../../../src/insight/packages/spdx-archive.ts';
import { failureOf } from '../../support/failure.ts';
import { scratch } from '../../support/scratch.ts';
import { document, imageDocument, packageDocument, recipeDocument, spdxArchive } from '../../support/spdx.ts';

const test = suite('insight/packages: SPDX archives');
const dir = scratch('spdx-archive');

/** @returns the path of an archive of documents */
function archiveOf(name: string, documents: Parameters<typeof spdxArchive>[0]): string {
  const path = join(dir, `${name}.spdx.tar.zst`);
  writeFileSync(path, spdxArchive(documents));
  return path;
}

const long = `kernel-module-${'x'.repeat(200)}-6.6.23-yocto-standard`;
const DOCUMENTS = [
  imageDocument('busybox', 'libz1', long),
  packageDocument('busybox', '1.36.1', 'GPL-2.0-only AND bzip2-1.0.4'),
  recipeDocument('busybox'),
  packageDocument('libz1', '1.3', 'Zlib'),
  packageDocument('zlib-dev', '1.3', 'Zlib'),
  packageDocument(long, '6.6.23', 'NOASSERTION'),
  document('runtime-busybox', { relationships: [] }),
] as const;

test('the packages of the image, not those that its recipes have besides; names of any length', async () => {
  const index: [string, string] = ['index.json', '{"documents":[]}'];
  const expected = [
    { name: 'busybox', version: '1.36.1', licence: 'GPL-2.0-only AND bzip2-1.0.4' },
    { name: 'libz1', version: '1.3', licence: 'Zlib' },
    { name: long, version: '6.6.23' },
  ];
  const found = await readSpdxArchive(archiveOf('image', [...DOCUMENTS, index]));
  assert.equal(
    [...(found ?? [])],
    expected.map((one) => [one.name, one]),
  );
  const backwards = await readSpdxArchive(archiveOf('backwards', [index, ...DOCUMENTS.toReversed()]));
  assert.equal(
    [...(backwards?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1)),
    expected.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  );
});

test('an archive without an image tells nothing', async () => {
  assert.is(await readSpdxArchive(archiveOf('recipes', [recipeDocument('busybox')])), undefined);
  assert.is(await readSpdxArchive(archiveOf('empty', [])), undefined);
});

test('an archive that is cut off, no archive, or lacks what it names is refused by its name', async () => {
  const whole = readFileSync(archiveOf('whole', DOCUMENTS));
  const put = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(dir, name), bytes);
    return join(dir, name);
  };
  const zstd = (bytes: Uint8Array): Buffer => execFileSync('zstd', ['-q', '-c'], { input: bytes });
  const tar = execFileSync('zstd', ['-dqc'], { input: whole });
  const cases: Array<[path: string, message: RegExp]> = [
    [put('cut.zst', whole.subarray(0, -9)), /cut\.zst is not whole zstd data/],
    [put('none.zst', Buffer.from('no zstd')), /none\.zst is not whole zstd data/],
    [put('text.zst', zstd(Buffer.alloc(2048, 'a'))), /text\.zst is no tar archive/],
    [put('short.zst', zstd(tar.subarray(0, 5000))), /short\.zst ends before the tar archive does/],
    [
      archiveOf('lacking', DOCUMENTS.slice(0, -3)),
      /has no document of a package that its image names: .*kernel-module/,
    ],
    [archiveOf('text', [['a.spdx.json', '{ "cut']]), /has a document that is no JSON: a\.spdx\.json/],
  ];
  for (const [path, message] of cases) {
    const failure = await failureOf(() => readSpdxArchive(path));
    assert.is(failure.code, 'record-corrupt');
    assert.match(failure.message, message);
  }
});

test.run();
