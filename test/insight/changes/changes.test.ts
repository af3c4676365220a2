/** Two archived versions whose differences are known, in images of different kinds. */
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ArchivedFile } from '../../../src/core/archive.ts';
import type { ArchivedVersion } from '../../../src/insight/changes/archived.ts';
import { changesBetween } from '../../../src/insight/changes/changes.ts';
import { comparePackages } from '../../../src/archive/package-changes.ts';
import { parseImageManifest } from '../../../src/archive/package-manifest.ts';
import { digestBytes } from '../../../src/io/hash.ts';
import { configuration, manifest } from '../../support/manifests.ts';
import { failureOf } from '../../support/failure.ts';
import { noise } from '../../support/noise.ts';
import { scratch } from '../../support/scratch.ts';
import { imageDocument, packageDocument, spdxArchive } from '../../support/spdx.ts';
import { KINDS, writeTree } from '../images.ts';

const test = suite('insight/changes');
const dir = scratch('changes');

const status = (...packages: ReadonlyArray<[name: string, version: string, licence: string]>): string =>
  packages
    .map(
      ([name, version, licence]) =>
        `Package: ${name}\nVersion: ${version}\nStatus: install ok installed\nLicense: ${licence}\n`,
    )
    .join('\n');

const old = join(dir, 'old');
writeTree(old, {
  'usr/bin/same': noise(50_000, 1),
  'usr/bin/content': noise(50_000, 2),
  'usr/bin/grown': 'short',
  'usr/bin/mode': 'mode',
  'usr/bin/gone': 'gone',
  'usr/bin/kind': 'a file',
  'var/lib/opkg/status': status(['a', '1', 'MIT'], ['b', '1', 'MIT'], ['c', '1', 'MIT']),
});
symlinkSync('same', join(old, 'usr/bin/link'));
const now = join(dir, 'new');
cpSync(old, now, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
writeTree(now, { 'usr/bin/content': noise(50_000, 3), 'usr/bin/grown': 'longer now', 'usr/bin/added': 'added' });
writeTree(now, { 'var/lib/opkg/status': status(['a', '2', 'MIT'], ['c', '1', 'GPL-2.0-only'], ['d', '1', 'MIT']) });
chmodSync(join(now, 'usr/bin/mode'), 0o4755);
for (const name of ['gone', 'kind', 'link']) rmSync(join(now, 'usr/bin', name));
mkdirSync(join(now, 'usr/bin/kind'));
symlinkSync('content', join(now, 'usr/bin/link'));

/** Archives an image of a tree. */
function archived(
  version: string,
  tree: string,
  kind: string,
  options: { collected?: Record<string, string | Buffer>; layers?: Record<string, string>; distro?: string } = {},
): ArchivedVersion {
  const folder = join(dir, `${version}-${kind}`);
  mkdirSync(folder, { recursive: true });
  KINDS[kind]?.(tree, join(folder, 'rootfs.img'));
  const files: ArchivedFile[] = [
    {
      path: 'rootfs.img',
      role: 'image',
      partition: 'rootfs',
      ...digestBytes(readFileSync(join(folder, 'rootfs.img'))),
    },
  ];
  for (const [path, content] of Object.entries(options.collected ?? {})) {
    writeFileSync(join(folder, path), content);
    files.push({ path, role: 'collected', ...digestBytes(content) });
  }
  const settings = configuration({ MACHINE: 'a', DISTRO: options.distro ?? 'b' });
  return {
    dir: folder,
    manifest: manifest(version, {
      files,
      configuration: { ...settings, layers: options.layers ?? { 'meta-demo': 'c0ffee' } },
    }),
  };
}

for (const [a, b] of [
  ['ext4', 'ext4'],
  ['squashfs', 'erofs-lz4hc'],
  ['erofs', 'squashfs-zstd'],
] as const) {
  test(`files and packages from ${a} to ${b}`, async () => {
    const found = await changesBetween(archived('1', old, a), archived('2', now, b));
    const [rootfs] = found.partitions;
    const owner = `${process.getuid?.()}:${process.getgid?.()}`;
    assert.equal(rootfs?.files?.added, [{ path: '/usr/bin/added', bytes: 5, mode: '0644', owner }]);
    assert.equal(rootfs?.files?.removed, [{ path: '/usr/bin/gone', bytes: 4, mode: '0644', owner }]);
    assert.equal(
      rootfs?.files?.changed.find(({ path }) => path === '/usr/bin/mode'),
      {
        path: '/usr/bin/mode',
        differs: ['mode'],
        from: { bytes: 4, mode: '0644', owner },
        to: { bytes: 4, mode: '4755', owner },
      },
    );
    assert.equal(
      rootfs?.files?.changed.map(({ path, differs }) => [path, differs.filter((one) => one !== 'size').join()]),
      [
        ['/usr/bin/content', 'content'],
        ['/usr/bin/grown', 'content'],
        ['/usr/bin/kind', 'kind,mode'],
        ['/usr/bin/link', 'link'],
        ['/usr/bin/mode', 'mode'],
        ['/var/lib/opkg/status', 'content'],
      ],
    );
    assert.equal(found.packages, {
      source: 'image',
      licenceSource: 'image',
      added: [{ name: 'd', version: '1', licence: 'MIT' }],
      removed: [{ name: 'b', version: '1', licence: 'MIT' }],
      upgraded: [{ name: 'a', from: '1', to: '2', licence: 'MIT' }],
      relicensed: [{ name: 'c', from: 'MIT', to: 'GPL-2.0-only' }],
    });
  });
}

test('equal trees have no changes, whatever holds them', async () => {
  const found = await changesBetween(archived('1', old, 'ext4'), archived('2', old, 'squashfs-zstd'));
  assert.equal(found.partitions[0]?.files, { added: [], removed: [], changed: [] });
});

test('layers and settings, by their names', async () => {
  const found = await changesBetween(
    archived('1', old, 'squashfs', { layers: { 'meta-a': '1', 'meta-gone': '1', 'meta-same': '1' } }),
    archived('2', old, 'squashfs', { layers: { 'meta-a': '2', 'meta-new': '1', 'meta-same': '1' }, distro: 'c' }),
  );
  const unknown = { remote: null, link: null, commits: null };
  assert.equal(found.layers, [
    { layer: 'meta-a', from: '1', to: '2', ...unknown },
    { layer: 'meta-gone', from: '1', to: null, ...unknown },
    { layer: 'meta-new', from: null, to: '1', ...unknown },
  ]);
  assert.equal(found.configuration.settings, ['DISTRO']);
});

test('packages from the manifest that the build left, where the image has no database', async () => {
  const bare = join(dir, 'bare');
  writeTree(bare, { file: 'content' });
  const before = archived('1', bare, 'squashfs', { collected: { 'image.manifest': 'busybox core2-64 1.36.0\n' } });
  writeTree(bare, { file: 'other' });
  const after = archived('2', bare, 'squashfs', { collected: { 'image.manifest': 'busybox core2-64 1.36.1\n' } });
  const found = await changesBetween(before, after);
  assert.equal(found.packages?.upgraded, [{ name: 'busybox', from: '1.36.0', to: '1.36.1' }]);
  assert.is((await changesBetween(before, archived('3', bare, 'ext4'))).packages, null);
});

test('packages and licences from SPDX archives, which are not read where manifests say all', async () => {
  const bare = join(dir, 'bare-spdx');
  writeTree(bare, { file: 'content' });
  const bill = (version: string, licence: string): Buffer =>
    spdxArchive([
      imageDocument('busybox', 'zlib'),
      packageDocument('busybox', version, 'GPL-2.0-only'),
      packageDocument('zlib', '1.3', licence),
    ]);
  const name = 'image-board.spdx.tar.zst';
  const [before, after] = [
    archived('1', bare, 'squashfs', { collected: { [name]: bill('1.36.0', 'Zlib') } }),
    archived('2', bare, 'squashfs', { collected: { [name]: bill('1.36.1', 'MIT') } }),
  ];
  const found = (await changesBetween(before, after)).packages;
  assert.equal([found?.source, found?.licenceSource], ['spdx', 'spdx']);
  assert.equal(found?.upgraded, [{ name: 'busybox', from: '1.36.0', to: '1.36.1', licence: 'GPL-2.0-only' }]);
  assert.equal(found?.relicensed, [{ name: 'zlib', from: 'Zlib', to: 'MIT' }]);
  const cut = bill('1.36.2', 'MIT').subarray(0, -20);
  const broken = archived('3', bare, 'squashfs', { collected: { [name]: cut } });
  const failure = await failureOf(() => changesBetween(before, broken));
  assert.is(failure.code, 'record-corrupt');
  assert.match(failure.message, name);
  const lists = (version: string): Record<string, string | Buffer> => ({
    [name]: cut,
    'image.manifest': `busybox core2-64 ${version}\n`,
    'license.manifest': `PACKAGE NAME: busybox\nPACKAGE VERSION: ${version}\nRECIPE NAME: busybox\nLICENSE: MIT\n`,
  });
  const told = await changesBetween(
    withLicences(archived('4', bare, 'squashfs', { collected: lists('1') })),
    withLicences(archived('5', bare, 'squashfs', { collected: lists('2') })),
  );
  assert.equal(told.packages?.upgraded, [{ name: 'busybox', from: '1', to: '2', licence: 'MIT' }]);
});

/** As apply archives it: what a plan collects has no role of its own. */
function withLicences({ dir: folder, manifest: of }: ArchivedVersion): ArchivedVersion {
  const files = of.files.map((file) =>
    file.path === 'license.manifest' ? { ...file, role: 'licenses' as const } : file,
  );
  return { dir: folder, manifest: { ...of, files } };
}

test('what is no manifest of packages is not taken for one', () => {
  assert.is(parseImageManifest(''), undefined);
  assert.is(parseImageManifest('{ "name": "manifest" }'), undefined);
  assert.is(parseImageManifest('name arch version more\n'), undefined);
});

test('a database without licences says nothing of them', () => {
  const known = new Map([['a', { name: 'a', version: '1', licence: 'MIT' }]]);
  const unknown = new Map([['a', { name: 'a', version: '1' }]]);
  assert.equal(comparePackages(known, unknown).relicensed, []);
});

test.run();
