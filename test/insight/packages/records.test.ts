/** What builds leave of their packages, in the forms that Yocto's classes and meta-cyclonedx write. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseInstalledPackages } from '../../../src/insight/packages/buildhistory.ts';
import { withoutKernelReleases } from '../../../src/archive/kernel-names.ts';
import { parseLicenseManifest } from '../../../src/insight/packages/license-manifest.ts';
import { parseSbom } from '../../../src/insight/packages/sbom.ts';
import type { InstalledPackage } from '../../../src/insight/packages/database.ts';

const test = suite('insight/packages: records');

const rows = (packages: ReadonlyMap<string, InstalledPackage> | undefined): string[] =>
  [...(packages?.values() ?? [])].map(({ name, version, licence }) => [name, version, licence ?? '-'].join(' '));

test('a licence manifest', () => {
  const text =
    'PACKAGE NAME: base-files\nPACKAGE VERSION: 3.0.14\nRECIPE NAME: base-files\nLICENSE: GPL-2.0-only\n\n' +
    'PACKAGE NAME: busybox\nPACKAGE VERSION: 1.36.1\nRECIPE NAME: busybox\nLICENSE: GPL-2.0-only & bzip2-1.0.4\n\n';
  assert.equal(rows(parseLicenseManifest(text)), [
    'base-files 3.0.14 GPL-2.0-only',
    'busybox 1.36.1 GPL-2.0-only & bzip2-1.0.4',
  ]);
  assert.is(parseLicenseManifest('RECIPE NAME: linux-yocto\nVERSION: 6.6.23\nLICENSE: GPL-2.0-only\n'), undefined);
});

test("buildhistory's list, of each kind of package", () => {
  assert.equal(rows(parseInstalledPackages('busybox_1.36.1-r0_core2-64.ipk\nlibc6_2.39+git0+5-r0_core2-64.ipk\n')), [
    'busybox 1.36.1-r0 -',
    'libc6 2.39+git0+5-r0 -',
  ]);
  assert.equal(
    rows(parseInstalledPackages('kernel-module-x-6.6.23-6.6.23-r0.core2_64.rpm\nbusybox_1.36.1-r0_amd64.deb')),
    ['kernel-module-x-6.6.23 6.6.23-r0 -', 'busybox 1.36.1-r0 -'],
  );
  assert.is(parseInstalledPackages('busybox\nlibc6\n'), undefined);
});

test('SPDX 2.3, SPDX 3 and CycloneDX', () => {
  const spdx2 = {
    spdxVersion: 'SPDX-2.3',
    packages: [
      { name: 'busybox', versionInfo: '1.36.1', licenseDeclared: 'GPL-2.0-only', licenseConcluded: 'NOASSERTION' },
      { name: 'zlib', versionInfo: '1.3', licenseDeclared: 'NOASSERTION', licenseConcluded: 'Zlib' },
      { name: 'no-version' },
    ],
  };
  assert.equal(rows(parseSbom(JSON.stringify(spdx2))?.packages), ['busybox 1.36.1 GPL-2.0-only', 'zlib 1.3 Zlib']);
  const element = (id: string, name: string, version: string, purpose: string): object => ({
    type: 'software_Package',
    spdxId: id,
    name,
    software_packageVersion: version,
    software_primaryPurpose: purpose,
  });
  const licence = (id: string, expression: string): object => ({
    type: 'simplelicensing_LicenseExpression',
    spdxId: id,
    simplelicensing_licenseExpression: expression,
  });
  const tie = (from: string, relationshipType: string, to: string): object => ({
    type: 'Relationship',
    from,
    relationshipType,
    to: [to],
  });
  const spdx3 = {
    '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
    '@graph': [
      element('p1', 'busybox', '1.36.1', 'install'),
      element('p2', 'zlib', '1.3', 'install'),
      element('r1', 'busybox-recipe', '1.36.1', 'specification'),
      licence('l1', 'GPL-2.0-only'),
      licence('l2', 'Zlib'),
      tie('p1', 'hasDeclaredLicense', 'l1'),
      tie('p1', 'hasConcludedLicense', 'l2'),
      tie('p2', 'hasConcludedLicense', 'l2'),
    ],
  };
  assert.equal(rows(parseSbom(JSON.stringify(spdx3))?.packages), ['busybox 1.36.1 GPL-2.0-only', 'zlib 1.3 Zlib']);
  const cyclonedx = {
    bomFormat: 'CycloneDX',
    components: [
      {
        name: 'busybox',
        version: '1.36.1',
        licenses: [{ license: { id: 'GPL-2.0-only' } }, { license: { name: 'bzip2' } }],
      },
      { name: 'zlib', version: '1.3', licenses: [{ expression: 'Zlib' }] },
      { name: 'plain', version: '1' },
    ],
  };
  assert.equal(rows(parseSbom(JSON.stringify(cyclonedx))?.packages), [
    'busybox 1.36.1 GPL-2.0-only AND bzip2',
    'zlib 1.3 Zlib',
    'plain 1 -',
  ]);
});

test('what names no packages is no source of them', () => {
  const image = { spdxVersion: 'SPDX-2.2', packages: [{ name: 'core-image', versionInfo: '1.0' }] };
  for (const text of ['', '[]', '{"a":1}', JSON.stringify(image), '{"bomFormat":"CycloneDX","components":7}'])
    assert.is(parseSbom(text), undefined, text);
});

test('a new kernel is the same packages in another version', () => {
  const of = (release: string): ReadonlyMap<string, InstalledPackage> =>
    new Map(
      [
        `kernel-${release}`,
        `kernel-image-${release}`,
        `kernel-module-ext4-${release}`,
        'kernel-devicetree',
        'busybox',
      ].map((name) => [name, { name, version: release }]),
    );
  const names = ['kernel', 'kernel-image', 'kernel-module-ext4', 'kernel-devicetree', 'busybox'];
  for (const release of ['6.6.23-yocto-standard', '6.6.30-yocto-standard'])
    assert.equal([...withoutKernelReleases(of(release)).keys()], names);
  const two = new Map([...of('6.6.23'), ...of('6.1.9')]);
  assert.is(withoutKernelReleases(two), two, 'two kernels could not be told apart');
});

test.run();
