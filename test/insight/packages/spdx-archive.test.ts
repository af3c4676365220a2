/** SPDX 2.2 archives as create-spdx makes them: Python's tarfile as a stream, through zstd. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readSpdxArchive } from '../../../src/insight/packages/spdx-archive.ts';
import { failureOf } from '../../support/failure.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('insight/packages: SPDX archives');
const dir = scratch('spdx-archive');

/** As meta/classes/create-spdx-2.2.bbclass, combine_spdx: times of files are fractions, which takes pax headers. */
const COMBINE = `
import io, json, sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode='w|') as tar:
    for name, text in json.load(sys.stdin):
        content = text.encode()
        info = tarfile.TarInfo(name)
        info.size = len(content)
        info.mtime = 1700000000.25
        info.uname = info.gname = 'root'
        tar.addfile(info, io.BytesIO(content))
`;

type Document = Record<string, unknown>;

/** @returns the path of an archive of documents */
function archiveOf(name: string, documents: ReadonlyArray<Document | [name: string, text: string]>): string {
  const members = documents.map((one) =>
    Array.isArray(one) ? one : [`${String(one.name)}.spdx.json`, JSON.stringify(one, undefined, 2)],
  );
  const tar = execFileSync('python3', ['-c', COMBINE], { input: JSON.stringify(members), maxBuffer: 2 ** 28 });
  const path = join(dir, `${name}.spdx.tar.zst`);
  writeFileSync(path, execFileSync('zstd', ['-q', '-c'], { input: tar, maxBuffer: 2 ** 28 }));
  return path;
}

const space = (name: string): string => `http://spdx.org/spdxdoc/${name}-5dd8a6a5`;
const document = (name: string, rest: Document): Document => ({
  SPDXID: 'SPDXRef-DOCUMENT',
  spdxVersion: 'SPDX-2.2',
  name,
  documentNamespace: space(name),
  ...rest,
});

const packageDocument = (name: string, version: string, licence: string): Document =>
  document(name, {
    packages: [
      {
        SPDXID: `SPDXRef-Package-${name}`,
        name,
        versionInfo: version,
        licenseConcluded: 'NOASSERTION',
        licenseDeclared: licence,
      },
    ],
    files: [{ SPDXID: `SPDXRef-PackagedFile-${name}-0`, fileName: `usr/lib/${name}` }],
    externalDocumentRefs: [{ externalDocumentId: `DocumentRef-recipe-${name}`, spdxDocument: space(`recipe-${name}`) }],
    relationships: [
      {
        spdxElementId: `SPDXRef-Package-${name}`,
        relationshipType: 'CONTAINS',
        relatedSpdxElement: `SPDXRef-PackagedFile-${name}-0`,
      },
      {
        spdxElementId: `SPDXRef-Package-${name}`,
        relationshipType: 'GENERATED_FROM',
        relatedSpdxElement: `DocumentRef-recipe-${name}:SPDXRef-Recipe-${name}`,
      },
    ],
  });

const recipeDocument = (name: string): Document =>
  document(`recipe-${name}`, {
    packages: [{ SPDXID: `SPDXRef-Recipe-${name}`, name, versionInfo: '0', licenseDeclared: 'recipe' }],
  });

const imageDocument = (...names: string[]): Document =>
  document('core-image-minimal-qemux86-64-20261127', {
    packages: [{ SPDXID: 'SPDXRef-Image', name: 'core-image-minimal', versionInfo: '1.0' }],
    externalDocumentRefs: names.flatMap((name) => [
      { externalDocumentId: `DocumentRef-${name}`, spdxDocument: space(name) },
      { externalDocumentId: `DocumentRef-runtime-${name}`, spdxDocument: space(`runtime-${name}`) },
    ]),
    relationships: names.flatMap((name) => [
      {
        spdxElementId: 'SPDXRef-Image',
        relationshipType: 'CONTAINS',
        relatedSpdxElement: `DocumentRef-${name}:SPDXRef-Package-${name}`,
      },
      {
        spdxElementId: 'SPDXRef-Image',
        relationshipType: 'OTHER',
        relatedSpdxElement: `DocumentRef-runtime-${name}:SPDXRef-DOCUMENT`,
      },
    ]),
  });

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
