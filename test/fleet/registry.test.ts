import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import type { ReleaseEvent } from '../../src/core/events.ts';
import { editRegistry, setDeltaStats, setTags, upsertTarget } from '../../src/fleet/registry-edit.ts';
import { readRegistry, updateRegistry } from '../../src/fleet/registry-file.ts';
import { emptyRegistry, parseRegistry } from '../../src/fleet/registry.ts';
import { swupdateTargetName, targetOfVersion } from '../../src/delivery/swupdate/target.ts';
import type { VersionManifest } from '../../src/core/archive.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('fleet/registry');

const HASH = 'f'.repeat(64);

const target = (version: string, extra: object = {}): object => ({
  hashes: { sha256: HASH },
  length: 0,
  custom: { version, name: 'pi-lmp', tags: ['master'], hardwareIds: ['pi'], targetFormat: 'OSTREE', ...extra },
});

const documentOf = (targets: object, signatures: unknown[] = []): string =>
  JSON.stringify({ signatures, signed: { _type: 'Targets', version: 4, targets } }, null, 2);

const codeOf = (body: () => unknown): string => {
  try {
    body();
    return 'no error';
  } catch (error) {
    return error instanceof ReleasePlanError ? `${error.code}: ${error.message}` : String(error);
  }
};

test('the Targets are read in the order of the file', () => {
  const registry = parseRegistry(
    documentOf({ 'pi-lmp-9': target('9'), 'pi-lmp-10': target('10'), 'pi-lmp-2': target('2') }),
    'targets.json',
  );
  assert.equal(
    registry.targets.map(({ name, version, tags, hardwareIds, format, sha256 }) => ({
      name,
      version,
      tags,
      hardwareIds,
      format,
      sha256,
    }))[1],
    {
      name: 'pi-lmp-10',
      version: '10',
      tags: ['master'],
      hardwareIds: ['pi'],
      format: 'OSTREE',
      sha256: HASH,
    },
  );
  assert.equal(
    registry.targets.map((one) => one.version),
    ['9', '10', '2'],
  );
});

test('what is no registry says which field of which Target is wrong', () => {
  for (const [text, expected] of [
    ['{', 'is not JSON'],
    ['[]', 'is not a JSON object'],
    ['{"signed":{}}', 'has no signed.targets'],
    ['{"signed":{"_type":"Snapshot","targets":{}}}', '_type "Snapshot"'],
    [documentOf({ x: 5 }), 'Target x: the entry is 5'],
    [documentOf({ x: { ...target('1'), hashes: { sha256: 'abc' } } }), 'Target x: hashes.sha256 is "abc"'],
    [documentOf({ x: target('1', { tags: 'master' }) }), 'Target x: custom.tags is "master"'],
    [documentOf({ x: target('1', { version: '' }) }), 'Target x: custom.version is ""'],
  ] as const)
    assert.match(
      codeOf(() => parseRegistry(text, 'targets.json')),
      expected,
    );
});

test("another system's Target may lack what ours need, and stays", () => {
  const registry = parseRegistry(
    documentOf({ 'blob': { hashes: { md5: 'x' }, custom: { targetFormat: 'BINARY' } }, 'pi-lmp-9': target('9') }),
    'targets.json',
  );
  assert.equal(
    registry.targets.map((one) => one.format),
    ['BINARY', 'OSTREE'],
  );
});

test('an edit keeps everything else: unknown fields, their order, numbers beyond 2^53, the writing', () => {
  const text = `{"signatures":[{"keyid":"k","sig":"s"}],"extra":[1.0,12345678901234567890],"signed":{"_type":"Targets","version":4,"2":"two","1":"one","targets":{"pi-lmp-9":${JSON.stringify(target('9', { odd: { ünï: null } }))}}}}`;
  const edited = editRegistry(parseRegistry(text, 't'), [setTags('pi-lmp-9', ['master', 'promoted'])]);
  assert.is(
    edited.text,
    text
      .replace('"tags":["master"]', '"tags":["master","promoted"]')
      .replace('"version":4', '"version":5')
      .replace('[{"keyid":"k","sig":"s"}]', '[]'),
  );
  assert.not.ok(edited.isSigned);
  assert.is(edited.documentVersion, 5);
});

test('whatever else is in a document survives an edit', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.array(fc.string({ minLength: 1 }), { maxLength: 4 }),
      fc.constantFrom(undefined, 2, 4),
      (unknown, tags, indent) => {
        const { custom: _custom, ...rest } = unknown;
        const document = {
          signatures: [],
          ...rest,
          signed: {
            ...rest,
            _type: 'Targets',
            version: 1,
            targets: {
              'a-1': {
                ...rest,
                ...target('1', rest),
                custom: { ...rest, version: '1', tags: ['old'], targetFormat: 'OSTREE', hardwareIds: [] },
              },
            },
          },
        };
        const text = JSON.stringify(document, null, indent);
        const expected = JSON.parse(text) as typeof document;
        expected.signed.version = 2;
        expected.signed.targets['a-1'].custom.tags = tags;
        const before = parseRegistry(text, 't');
        assert.equal(JSON.parse(editRegistry({ ...before, isSigned: false }, [setTags('a-1', tags)]).text), expected);
      },
    ),
    { numRuns: 200 },
  );
});

test('a document that names a key twice is refused, not half edited', () => {
  const text = documentOf({ 'pi-lmp-9': target('9') }).replace('"tags": [', '"tags": [], "tags": [');
  assert.match(
    codeOf(() => editRegistry(parseRegistry(text, 't'), [setTags('pi-lmp-9', ['x'])])),
    /targets-invalid: t contains signed.targets.pi-lmp-9.custom.tags twice/,
  );
});

test('delta statistics go into every Target that has the commit, once', () => {
  const registry = parseRegistry(
    documentOf({ a: target('1'), b: target('2'), c: { ...target('3'), hashes: { sha256: 'e'.repeat(64) } } }),
    't',
  );
  const stats = { sha256: 'd'.repeat(64), size: 7 };
  const edited = editRegistry(registry, setDeltaStats(registry, HASH, stats));
  assert.equal(
    edited.targets.map((one) => one.custom['delta-stats']),
    [stats, stats, undefined],
  );
  assert.equal(setDeltaStats(edited, HASH, stats), []);
});

const manifest: VersionManifest = {
  schema: 1,
  product: 'tolomeo',
  machine: 'qemu',
  distro: 'd',
  image: 'prod',
  version: '0.2.0',
  archivedAt: '2026-11-01T00:00:00Z',
  configuration: { digest: 'x', settings: {}, layers: {}, chain: [], kas: 'kas' },
  partitions: [],
  partitionTables: {},
  proof: [],
  tools: {},
  files: [
    { path: 'rootfs.squashfs', role: 'image', partition: 'rootfs', sizeBytes: 5, sha256: 'a'.repeat(64) },
    { path: 'build-info.txt', role: 'build-info', sizeBytes: 1, sha256: 'b'.repeat(64) },
  ],
};

test("an archived SWUpdate version becomes a Target; its tags are the registry's from then on", () => {
  const entry = targetOfVersion(manifest, { path: 'qemu/prod/0.2.0/manifest.json', sizeBytes: 9, sha256: HASH }, [
    'promoted',
  ]);
  const name = swupdateTargetName(manifest, '0.2.0');
  const first = editRegistry(emptyRegistry('t'), upsertTarget(emptyRegistry('t'), name, entry));
  assert.equal(
    first.targets.map(({ name, version, tags, hardwareIds, format }) => ({ name, version, tags, hardwareIds, format })),
    [{ name: 'qemu-prod-0.2.0', version: '0.2.0', tags: ['promoted'], hardwareIds: ['qemu'], format: 'SWUPDATE' }],
  );
  assert.equal(first.targets[0]?.custom.images, { rootfs: { sha256: 'a'.repeat(64), size: 5 } });
  assert.equal(upsertTarget(first, name, entry), []);
  const moved = editRegistry(first, [setTags(name, ['beta'])]);
  const again = editRegistry(moved, upsertTarget(moved, name, { ...entry, hashes: { sha256: 'c'.repeat(64) } }));
  assert.equal(
    again.targets.map(({ tags, sha256 }) => ({ tags, sha256 })),
    [{ tags: ['beta'], sha256: 'c'.repeat(64) }],
  );
});

async function fileWith(text: string): Promise<{
  file: string;
  dir: string;
  events: ReleaseEvent[];
  options: { cwd: string; report: (event: ReleaseEvent) => void };
}> {
  const dir = join(scratch('registry'), 'r');
  mkdirSync(dir);
  const file = join(dir, 'targets.json');
  writeFileSync(file, text);
  const events: ReleaseEvent[] = [];
  return { file, dir, events, options: { cwd: dir, report: (event) => void events.push(event) } };
}

const retag = (): ReturnType<typeof setTags>[] => [setTags('pi-lmp-9', ['new'])];

test('without a sign command the old signatures go, and that is said', async () => {
  const { file, events, options } = await fileWith(documentOf({ 'pi-lmp-9': target('9') }, [{ keyid: 'k' }]));
  await updateRegistry(file, retag, options);
  const after = await readRegistry(file);
  assert.equal([after.isSigned, after.targets[0]?.tags], [false, ['new']]);
  assert.match(JSON.stringify(events), /which invalidated its signatures/);
});

test('the sign command signs before the document gets its name', async () => {
  const { file, events, options } = await fileWith(documentOf({ 'pi-lmp-9': target('9') }, [{ keyid: 'old' }]));
  const sign =
    `test "$(grep -c '"new"' targets.json)" = 0 && sed -i 's/"signatures": \\[\\]/"signatures": ` +
    `[{"keyid":"new-key"}]/' "$RELEASE_PLAN_TARGETS"`;
  await updateRegistry(file, retag, { ...options, sign });
  const after = await readRegistry(file);
  assert.equal([after.isSigned, after.targets[0]?.tags, events], [true, ['new'], []]);
});

test('a sign command that fails, signs nothing or changes the content leaves the file as it was', async () => {
  const { file, dir, options } = await fileWith(documentOf({ 'pi-lmp-9': target('9') }, [{ keyid: 'old' }]));
  const before = readFileSync(file, 'utf8');
  for (const [sign, expected] of [
    ['echo no token >&2; exit 3', 'no token'],
    ['true', 'it left no signature'],
    [
      `sed -i 's/"signatures": \\[\\]/"signatures": [1]/; s/"pi"/"pu"/' "$RELEASE_PLAN_TARGETS"`,
      'it changed the content',
    ],
  ] as const) {
    const failure = await updateRegistry(file, retag, { ...options, sign }).then(
      () => 'no error',
      (error: unknown) => (error instanceof ReleasePlanError ? `${error.code} ${error.message}` : String(error)),
    );
    assert.match(failure, /^targets-sign-failed/);
    assert.match(failure, expected);
    assert.is(readFileSync(file, 'utf8'), before);
  }
  assert.equal(readdirSync(dir).sort(), ['.targets.json.lock', 'targets.json']);
});

test('no edit is no rewrite; a missing file is an error unless one is to be started', async () => {
  const { file, dir, options } = await fileWith(documentOf({ 'pi-lmp-9': target('9') }, [{ keyid: 'k' }]));
  assert.ok((await updateRegistry(file, () => [], options)).isSigned);
  const other = join(dir, 'other.json');
  assert.match(
    await updateRegistry(other, () => [], options).then(
      () => '',
      (error: ReleasePlanError) => error.code,
    ),
    'targets-not-found',
  );
  await updateRegistry(other, () => [{ path: ['signed', 'targets', 'a'], value: target('1') }], {
    ...options,
    create: true,
  });
  assert.equal(
    (await readRegistry(other)).targets.map((one) => one.name),
    ['a'],
  );
});

test('rewrites at the same time all count', async () => {
  const { file, options } = await fileWith(
    documentOf(Object.fromEntries([1, 2, 3, 4].map((n) => [`t-${n}`, target(String(n))]))),
  );
  await Promise.all([1, 2, 3, 4].map((n) => updateRegistry(file, () => [setTags(`t-${n}`, [`tag-${n}`])], options)));
  const after = await readRegistry(file);
  assert.equal(
    after.targets.map((one) => one.tags),
    [1, 2, 3, 4].map((n) => [`tag-${n}`]),
  );
  assert.is(after.documentVersion, 8);
});

test.run();
