import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openDestination } from '../../src/publish/kinds.ts';
import { planPublish, publishTo } from '../../src/publish/publish.ts';
import { readRecord } from '../../src/publish/record.ts';
import type { IndexDocument } from '../../src/publish/files/index-document.ts';
import { digestBytes } from '../../src/io/hash.ts';
import { failureOf } from '../support/failure.ts';
import { publishHost } from '../support/publish-host.ts';
import { releasePackage } from '../support/release-package.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('publish to a directory');

async function set() {
  const dir = scratch('publish-directory');
  mkdirSync(join(dir, 'archive'));
  const at = join(dir, 'srv/updates');
  const settings = { name: 'lab', kind: 'directory', auto: false, options: { path: 'srv/updates' } };
  const { host, options, events } = publishHost(dir);
  const packages = [
    releasePackage(join(dir, 'archive'), { version: '0.2.0', base: '0.1.0' }),
    releasePackage(join(dir, 'archive'), { version: '0.2.0', sizeBytes: 9000, seed: 2 }),
  ];
  return { dir, at, packages, options, events, destination: await openDestination(settings, host) };
}

const indexIn = (folder: string): IndexDocument =>
  JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as IndexDocument;

test('brings the packages, and an index that names each by what a device has', async () => {
  const { at, packages, options, destination } = await set();
  const result = await publishTo(destination, packages, options);
  assert.is(result.sent.length, 2);
  assert.is(result.sentBytes, 11_000);
  const version = indexIn(at).machines['board-a']?.['image-prod']?.['0.2.0'];
  const [delta] = version?.deltas ?? [];
  assert.is(version?.deltas.length, 1);
  assert.is(delta?.base, '0.1.0');
  assert.equal(delta?.base_sha256, packages[0]?.base?.images);
  for (const named of [delta, version?.full]) {
    const bytes = readFileSync(join(at, named?.file ?? ''));
    assert.is(digestBytes(bytes).sha256, named?.sha256);
    assert.is(bytes.byteLength, named?.size);
  }
});

test('sends nothing the second time, and records each package once, with its first time', async () => {
  const { packages, options, destination, at } = await set();
  await publishTo(destination, packages, options);
  const record = await readRecord(options.recordFile);
  const index = readFileSync(join(at, 'index.json'));
  const again = await publishTo(destination, packages, options);
  assert.equal(
    again.sent.map(({ fileName }) => fileName),
    [],
  );
  assert.is(again.present.length, 2);
  assert.equal(await readRecord(options.recordFile), record);
  assert.is(record.length, 2);
  assert.is(record[0]?.base, '0.1.0');
  assert.is(record[0]?.sha256, packages[0]?.sha256);
  assert.ok(readFileSync(join(at, 'index.json')).equals(index));
});

test('keeps what the index names already, of other versions and machines', async () => {
  const { dir, packages, options, destination, at } = await set();
  await publishTo(destination, packages, options);
  const later = releasePackage(join(dir, 'archive'), { version: '0.3.0', base: '0.2.0' });
  await publishTo(destination, [later, { ...later, machine: 'board-b' }], options);
  const { machines } = indexIn(at);
  assert.equal(Object.keys(machines), ['board-a', 'board-b']);
  assert.equal(Object.keys(machines['board-a']?.['image-prod'] ?? {}), ['0.2.0', '0.3.0']);
});

test('refuses other bytes under the name of a package before anything is sent', async () => {
  const { at, packages, options, destination } = await set();
  mkdirSync(join(at, 'board-a/image-prod/0.2.0'), { recursive: true });
  const name = join(at, 'board-a/image-prod/0.2.0/full-update-0.2.0.swu');
  writeFileSync(name, 'what somebody else put there');
  const failure = await failureOf(() => publishTo(destination, packages, options));
  assert.is(failure.code, 'publish-differs');
  assert.is(failure.exitCode, 4);
  assert.is(readFileSync(name, 'utf8'), 'what somebody else put there');
  assert.not(existsSync(join(at, 'index.json')));
  assert.equal(readdirSync(join(at, 'board-a/image-prod/0.2.0')), ['full-update-0.2.0.swu']);
});

test('a package that is not what the archive said leaves nothing', async () => {
  const { at, packages, options, destination } = await set();
  const [first] = packages;
  assert.ok(first);
  writeFileSync(first.path, Buffer.alloc(first.sizeBytes));
  const failure = await failureOf(() => publishTo(destination, [first], options));
  assert.is(failure.code, 'publish-damaged');
  assert.is(failure.exitCode, 5);
  assert.equal(readdirSync(join(at, 'board-a/image-prod/0.2.0')), []);
  assert.not(existsSync(join(at, 'index.json')));
});

test('an index of somebody else is not replaced', async () => {
  const { at, packages, options, destination } = await set();
  mkdirSync(at, { recursive: true });
  for (const text of ['<html>', '{"schema":2,"machines":{}}', '{"schema":1,"machines":{"a":[]}}']) {
    writeFileSync(join(at, 'index.json'), text);
    const failure = await failureOf(() => publishTo(destination, packages, options));
    assert.is(failure.code, 'index-invalid');
    assert.is(readFileSync(join(at, 'index.json'), 'utf8'), text);
  }
});

test('two that publish at once lose nothing of the index', async () => {
  const { dir, packages, options, at } = await set();
  const settings = { name: 'lab', kind: 'directory', auto: false, options: { path: at } };
  const sets = packages.map((one, index) => [{ ...one, machine: `board-${index}` }]);
  await Promise.all(
    sets.map(async (own, index) => {
      const destination = await openDestination(settings, publishHost(dir).host);
      await publishTo(destination, own, { ...options, recordFile: join(dir, `record-${index}.json`) });
    }),
  );
  assert.equal(Object.keys(indexIn(at).machines), ['board-0', 'board-1']);
});

test('a dry look tells what is missing and what is there', async () => {
  const { packages, options, destination, at } = await set();
  const before = await planPublish(destination, packages);
  assert.equal(
    before.items.map(({ presence }) => presence.state),
    ['missing', 'missing'],
  );
  assert.is(before.sendBytes, 11_000);
  assert.not(existsSync(at));
  await publishTo(destination, packages.slice(0, 1), options);
  const after = await planPublish(destination, packages);
  assert.equal(
    after.items.map(({ presence }) => presence.state),
    ['present', 'missing'],
  );
  assert.is(after.sendBytes, 9000);
});

test('a record that was altered is not believed', async () => {
  const { packages, options, destination } = await set();
  await publishTo(destination, packages, options);
  const text = readFileSync(options.recordFile, 'utf8');
  writeFileSync(options.recordFile, text.replace('"lab"', '"elsewhere"'));
  assert.is((await failureOf(() => readRecord(options.recordFile))).code, 'index-invalid');
});

test('a kind that there is none of is said', async () => {
  const { host } = publishHost(scratch('publish-kind'));
  const settings = { name: 'x', kind: 'directry', auto: false, options: {} };
  const failure = await failureOf(() => openDestination(settings, host));
  assert.is(failure.code, 'value-unknown');
  assert.match(failure.hint ?? '', 'Did you mean "directory"?');
});

test.run();
