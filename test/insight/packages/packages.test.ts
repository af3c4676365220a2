/** The databases of three package managers, in images; rpm's is made by rpm itself. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openImage } from '../../../src/insight/filesystem/index.ts';
import { readPackages } from '../../../src/insight/packages/packages.ts';
import { scratch } from '../../support/scratch.ts';
import { KINDS, writeTree } from '../images.ts';

const test = suite('insight/packages');
const dir = scratch('packages');

interface Found {
  kind: string;
  versions: Record<string, string>;
  owners: Record<string, string | undefined>;
}

/** Makes an image of a tree and says who owns what in it. */
async function packagesOf(tree: string, kind: string, paths: readonly string[]): Promise<Found | undefined> {
  const file = join(dir, 'image');
  KINDS[kind]?.(tree, file);
  const image = await openImage(file);
  try {
    const found = await readPackages(image);
    if (found === undefined) return undefined;
    return {
      kind: found.kind,
      versions: Object.fromEntries([...found.packages.values()].map(({ name, version }) => [name, version])),
      owners: Object.fromEntries(paths.map((path) => [path, found.ownerOf(image.tree.find(path) ?? -1)])),
    };
  } finally {
    image.close();
  }
}

const STATUS = `Package: bash
Status: install ok installed
Version: 5.2-1

Package: gone
Status: deinstall ok config-files
Version: 1

Package: libc6
Status: install ok installed
Version: 2.36
Description: a library
 Version: not this
`;

test('dpkg: through a merged /usr, with the packages of its own files', async () => {
  const tree = join(dir, 'dpkg');
  writeTree(tree, {
    'usr/bin/bash': 'bash',
    'usr/lib/libc.so.6': 'libc',
    'usr/local/own': 'own',
    'var/lib/dpkg/status': STATUS,
    'var/lib/dpkg/info/bash.list': '/.\n/bin\n/bin/bash\n',
    'var/lib/dpkg/info/bash.postinst': '#!/bin/sh\n',
    'var/lib/dpkg/info/libc6:amd64.list': '/.\n/lib\n/lib/libc.so.6\n/lib/missing\n',
  });
  symlinkSync('usr/bin', join(tree, 'bin'));
  symlinkSync('/usr/lib', join(tree, 'lib'));
  const paths = ['/usr/bin/bash', '/usr/lib/libc.so.6', '/usr/local/own', '/var/lib/dpkg/info/bash.postinst', '/usr'];
  assert.equal(await packagesOf(tree, 'squashfs-zstd', paths), {
    kind: 'dpkg',
    versions: { bash: '5.2-1', libc6: '2.36' },
    owners: {
      '/usr/bin/bash': 'bash',
      '/usr/lib/libc.so.6': 'libc6',
      '/usr/local/own': undefined,
      '/var/lib/dpkg/info/bash.postinst': 'bash',
      '/usr': undefined,
    },
  });
});

test('opkg: lists with a mode behind each path', async () => {
  const tree = join(dir, 'opkg');
  writeTree(tree, {
    'usr/bin/busybox': 'busybox',
    'var/lib/opkg/status':
      'Package: busybox\nVersion: 1.36.1-r0\nStatus: install ok installed\nLicense: GPL-2.0-only\n',
    'var/lib/opkg/info/busybox.list': '/usr/bin/busybox\t0100755\n/etc/busybox.links\t0100644\n',
    'var/lib/opkg/info/busybox.control': 'Package: busybox\n',
  });
  assert.equal(await packagesOf(tree, 'erofs-lz4hc', ['/usr/bin/busybox', '/var/lib/opkg/info/busybox.control']), {
    kind: 'opkg',
    versions: { busybox: '1.36.1-r0' },
    owners: { '/usr/bin/busybox': 'busybox', '/var/lib/opkg/info/busybox.control': 'busybox' },
  });
});

test('rpm: asked of rpm itself', async () => {
  const tree = join(dir, 'rpm');
  const work = join(dir, 'rpmbuild');
  mkdirSync(work);
  writeFileSync(
    join(work, 'demo.spec'),
    [
      'Name: demo',
      'Version: 1.2',
      'Release: 3',
      'Summary: a demo',
      'License: MIT',
      'BuildArch: noarch',
      '%description',
      'A demo.',
      '%install',
      'mkdir -p %{buildroot}/usr/share/demo',
      'echo demo > %{buildroot}/usr/share/demo/file',
      '%files',
      '/usr/share/demo/file',
    ].join('\n'),
  );
  execFileSync('rpmbuild', ['-bb', '--quiet', '--define', `_topdir ${work}`, join(work, 'demo.spec')], {
    stdio: 'ignore',
    env: { ...process.env, HOME: work },
  });
  writeTree(tree, { 'usr/share/demo/file': 'demo\n', 'usr/own': 'own' });
  const database = join(dir, 'rpmdb');
  execFileSync('rpm', ['--dbpath', database, '--initdb']);
  const built = join(work, 'RPMS/noarch/demo-1.2-3.noarch.rpm');
  execFileSync('rpm', ['--dbpath', database, '--install', '--justdb', '--nodeps', built], { stdio: 'ignore' });
  cpSync(database, join(tree, 'var/lib/rpm'), { recursive: true });
  assert.equal(await packagesOf(tree, 'squashfs', ['/usr/share/demo/file', '/usr/own']), {
    kind: 'rpm',
    versions: { demo: '1.2-3' },
    owners: { '/usr/share/demo/file': 'demo', '/usr/own': undefined },
  });
});

test('an image without a database has no packages', async () => {
  const tree = join(dir, 'none');
  writeTree(tree, { file: 'content' });
  assert.is(await packagesOf(tree, 'ext4', []), undefined);
});

test.run();
