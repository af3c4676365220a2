import { linkSync, mkdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { digestFile } from '../../src/io/hash.ts';
import { run } from '../../src/io/process.ts';
import { holdsVersion, proveBuild, type ProofRequest } from '../../src/kas/prove.ts';
import type { Partition } from '../../src/core/plan.ts';
import { scratch } from '../support/scratch.ts';
import { failsWith } from './expect.ts';
import { ROOTFS } from './project.ts';

const test = suite('kas: proof of a build');
const deploy = scratch('deploy');
const NAME = 'image-prod-demo.squashfs';
const boot: Partition = {
  name: 'boot',
  file: 'boot.vfat',
  readOnly: false,
  target: { device: '/dev/vda1' },
  delta: 'none',
  type: 'block',
  update: 'if-changed',
};

test.before(async () => {
  mkdirSync(join(deploy, 'rootfs/etc'), { recursive: true });
  writeFileSync(join(deploy, 'rootfs/etc/buildinfo'), 'DISTRO = prod\nBUILD_VERSION = 0.1.0\n');
  await run('mksquashfs', [join(deploy, 'rootfs'), join(deploy, 'made.squashfs'), '-quiet', '-no-progress']);
  symlinkSync('made.squashfs', join(deploy, NAME));
  writeFileSync(join(deploy, 'boot.vfat'), 'boot');
});

const request = (more: Partial<ProofRequest> = {}): ProofRequest => ({
  deploy,
  partitions: [ROOTFS],
  machine: 'demo',
  distro: 'prod',
  image: 'image-prod',
  version: '0.1.0',
  startedAtNs: 0n,
  scratchDir: deploy,
  ...more,
});
const changedNs = (): bigint => statSync(join(deploy, 'made.squashfs'), { bigint: true }).ctimeNs;

test('each partition gives a proof of freshness and one of its version, or says why not', async () => {
  assert.equal(await proveBuild(request({ partitions: [ROOTFS, boot] })), [
    { check: 'fresh-image', result: 'pass', detail: `${NAME}: put in place after the build was started` },
    { check: 'build-version', result: 'pass', detail: 'rootfs: /etc/buildinfo holds 0.1.0' },
    { check: 'fresh-image', result: 'pass', detail: 'boot.vfat: put in place after the build was started' },
    { check: 'build-version', result: 'not-checked', detail: 'boot: the plan names no version_file' },
  ]);
});

test('an image older than the build is stale, unless what is known of it allows it', async () => {
  const startedAtNs = changedNs() + 1n;
  const bare = await failsWith('build-stale', () => proveBuild(request({ startedAtNs })));
  assert.match(bare.message, /kas succeeded without building it$/);
  const refused = await failsWith('build-stale', () =>
    proveBuild(request({ startedAtNs, objectionToEarlier: async () => 'its layers moved' })),
  );
  assert.match(refused.message, /without building it, and its layers moved$/);
  const asked: string[] = [];
  const [fresh] = await proveBuild(
    request({ startedAtNs, objectionToEarlier: async (path, sha256) => void asked.push(path, sha256) }),
  );
  assert.match(fresh?.detail ?? '', `${NAME}: of an earlier build of 0.1.0`);
  assert.equal(asked, [join(deploy, NAME), (await digestFile(join(deploy, NAME))).sha256]);
});

test('its own modification time does not matter: shared state keeps old ones', async () => {
  const startedAtNs = changedNs() + 1n;
  utimesSync(join(deploy, 'made.squashfs'), 0, 0);
  linkSync(join(deploy, 'made.squashfs'), join(deploy, 'again'));
  await proveBuild(request({ startedAtNs }));
});

test('another version inside, no such file, no image: all problems are told at once', async () => {
  const error = await failsWith('build-version-unproven', () =>
    proveBuild(
      request({
        version: '0.2.0',
        partitions: [
          ROOTFS,
          { ...ROOTFS, name: 'other', versionFile: '/etc/version' },
          { ...boot, file: 'missing-{version}.vfat' },
        ],
      }),
    ),
  );
  assert.match(error.message, '/etc/buildinfo in');
  assert.match(error.message, 'does not contain 0.2.0; its content: BUILD_VERSION = 0.1.0');
  assert.match(error.message, 'has no file /etc/version');
  assert.match(error.message, 'missing-0.2.0.vfat does not exist');
  await failsWith('artifact-missing', () => proveBuild(request({ partitions: [{ ...boot, file: 'rootfs' }] })));
});

const words: Array<[text: string, version: string, holds: boolean]> = [
  ['BUILD_VERSION = 0.1.0', '0.1.0', true],
  ['VERSION_ID="0.1.0"', '0.1.0', true],
  ['This is 0.1.0.', '0.1.0', true],
  ['0.1.0-rc1', '0.1.0', false],
  ['0.1.0+5', '0.1.0', false],
  ['10.1.0', '0.1.0', false],
  ['0.1.0.1', '0.1.0', false],
  ['0.1.01', '0.1.0', false],
  ['0x1x0', '0.1.0', false],
  ['12 of 120', '12', true],
  ['1.12', '12', false],
  ['0.1.0-rc1 after 0.1.0', '0.1.0', true],
  ['', '0.1.0', false],
];
for (const [text, version, holds] of words)
  test(`${JSON.stringify(text)} ${holds ? 'holds' : 'does not hold'} ${version}`, () =>
    assert.is(holdsVersion(text, version), holds));

test('a version between spaces is found, and one with more characters of versions around it is not', () => {
  const version = fc.stringMatching(/^[0-9A-Za-z][0-9A-Za-z.+_-]{0,20}$/);
  fc.assert(
    fc.property(version, fc.constantFrom('0', 'a', '-', '+', '_', '.'), (text, more) => {
      assert.ok(holdsVersion(`= ${text} ;`, text));
      assert.not(holdsVersion(`= ${more}${text} ;`, text) && !text.startsWith(more));
      assert.not(holdsVersion(`= ${text}${more}0 ;`, text) && !text.endsWith(more));
    }),
  );
});

test.run();
