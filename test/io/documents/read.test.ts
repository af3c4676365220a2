/** Documents that are read back: a well-sealed one may still mean harm, and is named for what is wrong with it. */
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { documentProblem, readDocument, readSealedDocument } from '../../../src/io/documents/read.ts';
import { sealJson } from '../../../src/text/json.ts';
import { parseJson } from '../../../src/text/parse-json.ts';
import { failureOf } from '../../support/failure.ts';
import { deltaInfo, manifest } from '../../support/manifests.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('io: documents');
const dir = scratch('documents');
const path = join(dir, 'document.json');

async function problemOf(name: 'manifest' | 'deltaInfo', text: string): Promise<string | undefined> {
  writeFileSync(path, text);
  const opened = await readSealedDocument(name, path);
  return 'problem' in opened ? opened.problem : undefined;
}

test('what release-plan writes passes, with keys that it does not know yet', async () => {
  assert.is(await problemOf('manifest', sealJson(manifest('0.1.0'))), undefined);
  assert.is(await problemOf('deltaInfo', sealJson(deltaInfo('0.1.0', '0.2.0'))), undefined);
  assert.is(await problemOf('manifest', sealJson({ ...manifest('0.1.0'), later: { key: 1 } })), undefined);
});

const base = manifest('0.1.0');
const [file] = base.files;
const WRONG: Record<string, [value: object, problem: RegExp]> = {
  'no files': [{ ...base, files: undefined }, /required property 'files'/],
  'files that are a text': [{ ...base, files: 'all' }, /\/files must be array/],
  'a path that climbs': [{ ...base, files: [{ ...file, path: '../../etc/passwd' }] }, /\/files\/0\/path must match/],
  'a path from the root': [{ ...base, files: [{ ...file, path: '/etc/passwd' }] }, /\/files\/0\/path must match/],
  'a path that climbs in the middle': [{ ...base, files: [{ ...file, path: 'a/../../b' }] }, /\/files\/0\/path/],
  'a size below nothing': [{ ...base, files: [{ ...file, sizeBytes: -1 }] }, /\/files\/0\/sizeBytes must be >= 0/],
  'a size that is no number': [{ ...base, files: [{ ...file, sizeBytes: '1' }] }, /sizeBytes must be integer/],
  'a digest that is none': [{ ...base, files: [{ ...file, sha256: 'abc' }] }, /\/files\/0\/sha256 must match/],
  'a partition that is nothing': [{ ...base, partitions: [null] }, /\/partitions\/0 must be object/],
  'a version with folders': [{ ...base, version: '../0.1.0' }, /\/version must match/],
};
for (const [what, [value, problem]] of Object.entries(WRONG)) {
  test(`${what}, well sealed, is damage with its place`, async () => {
    assert.match((await problemOf('manifest', sealJson(JSON.parse(JSON.stringify(value)) as object))) ?? '', problem);
  });
}

test('a document that is nested deep is refused before anything walks it', async () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    const deep = `${open.repeat(200_000)}1${close.repeat(200_000)}`;
    assert.match((await problemOf('manifest', `{"files":${deep}}`)) ?? '', 'nested deeper than 100 levels');
  }
  assert.equal(parseJson(JSON.stringify('['.repeat(5000))), { value: '['.repeat(5000) });
  assert.equal(parseJson(String.raw`["\"[[", "\\"]`), { value: ['"[[', '\\'] });
});

test('a huge document is refused by its size', async () => {
  writeFileSync(path, '"');
  truncateSync(path, 300 * 1024 ** 2);
  assert.is((await failureOf(() => readDocument('report', path))).code, 'file-too-large');
});

test('whatever a document holds, the answer is a value or a line, and the line quotes nothing of it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (value) => {
      const problem = await documentProblem('manifest', value);
      assert.type(problem, 'string');
      assert.ok((problem ?? '').length < 400);
    }),
  );
  const secret = 'correct horse battery staple';
  for (const text of [secret, `{"a": ${secret}}`, `{"files": "${secret}"}`]) {
    writeFileSync(path, text);
    const opened = await readDocument('manifest', path);
    assert.ok('problem' in opened && !/horse/.test(opened.problem), JSON.stringify(opened));
  }
});

test('a mutated manifest, sealed anew, is a value of the schema or a line', async () => {
  const paths = ['files', 'partitions', 'configuration', 'proof', 'tools', 'version', 'schema', 'partitionTables'];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), fc.jsonValue(), async (key, value) => {
      const problem = await problemOf('manifest', sealJson({ ...base, [key]: value }));
      assert.ok(problem === undefined || problem.startsWith('is '), problem);
    }),
  );
});

test.run();
