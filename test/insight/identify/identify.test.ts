/** Slots as devices have them: written, mounted, trimmed, edited, or something else altogether. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { identifySlot, type Identification } from '../../../src/insight/identify/identify.ts';
import type { Candidate } from '../../../src/insight/identify/nearest.ts';
import { failureOf } from '../../support/failure.ts';
import { noise } from '../../support/noise.ts';
import { scratch } from '../../support/scratch.ts';
import { KINDS, tool, writeTree } from '../images.ts';

const test = suite('insight/identify');
const dir = scratch('identify');
const at = (name: string): string => join(dir, name);
const slot = at('slot');

/** Images of five versions: more than are compared whole, so that the sample has to choose. */
const VERSIONS = ['1', '2', '3', '4', '5'];
const candidates: Candidate[] = VERSIONS.map((version) => ({ version, partition: 'rootfs', image: at(`v${version}`) }));

for (const version of VERSIONS) {
  writeTree(at(`tree${version}`), {
    'usr/lib/same': noise(2_000_000, 1),
    'usr/lib/own': noise(600_000, 10 + Number(version)),
    'etc/config': `version ${version}\n`.repeat(2000),
    'var/gone': noise(300_000, 20),
  });
  KINDS['ext4']?.(at(`tree${version}`), at(`v${version}`));
  // Leaves bytes behind that no file uses.
  tool('debugfs', '-w', '-R', 'rm /var/gone', at(`v${version}`));
}

/** What the device sends of its slot. */
async function identify(options: readonly string[] = [], from = candidates): Promise<Identification> {
  execFileSync('rdiff', ['--force', ...options, 'signature', slot, at('sig')]);
  return await identifySlot(at('sig'), from);
}

const changesOf = ({ changes }: Identification): string[] => changes.map(({ change }) => change).sort();

test('a slot as it was written is its version, whatever the sums', async () => {
  for (const version of VERSIONS) {
    copyFileSync(at(`v${version}`), slot);
    const found = await identify();
    assert.is(found.verdict, 'identical');
    assert.is(found.nearest?.version, version);
    assert.equal(found.changes, []);
  }
  const kinds = [
    ['-R', 'rollsum', '-H', 'md4'],
    ['-b', '1024', '-S', '8'],
    ['-b', '1000000'],
    ['-H', 'md4'],
  ];
  for (const options of kinds) assert.is((await identify(options)).verdict, 'identical', options.join(' '));
});

test('a slot is larger than its image: zeros behind it are no difference, other bytes are not compared', async () => {
  copyFileSync(at('v2'), slot);
  truncateSync(slot, statSync(slot).size + 3_000_000);
  const zeros = await identify(['-b', '10000']);
  assert.is(zeros.verdict, 'identical');
  assert.is(zeros.nearest?.isTailUnknown, false);
  writeFileSync(slot, Buffer.concat([readFileSync(at('v2')), noise(3_000_000, 5)]));
  const rest = await identify(['-b', '10000']);
  assert.is(rest.verdict, 'identical');
  assert.is(rest.nearest?.isTailUnknown, true);
});

test('mounted once', async () => {
  copyFileSync(at('v3'), slot);
  tool('debugfs', '-w', '-R', 'set_super_value mnt_count 7', slot);
  const found = await identify(['-b', '4096']);
  assert.is(found.verdict, 'altered');
  assert.is(found.nearest?.version, '3');
  assert.equal(changesOf(found), ['mounted']);
  assert.equal(found.changes[0]?.firstBlocks, [0]);
});

test('mounted once by this kernel', async () => {
  copyFileSync(at('v3'), slot);
  execFileSync('mkdir', ['-p', at('mnt')]);
  try {
    execFileSync('mount', ['-o', 'loop', slot, at('mnt')], { stdio: 'ignore' });
  } catch {
    process.stdout.write('     no loop device may be mounted here: not tried\n');
    return;
  }
  execFileSync('umount', [at('mnt')]);
  const found = await identify(['-b', '4096']);
  assert.is(found.nearest?.version, '3');
  assert.is(found.verdict, 'altered');
  assert.ok(changesOf(found).includes('mounted'), changesOf(found).join());
  assert.not(changesOf(found).includes('edited'), changesOf(found).join());
});

test('trimmed', async () => {
  copyFileSync(at('v4'), slot);
  // Exits with 1 when it changed something.
  execFileSync('sh', [
    '-c',
    'PATH=$PATH:/sbin:/usr/sbin; e2fsck -fy -E discard "$1" >/dev/null 2>&1; [ $? -le 1 ]',
    'sh',
    slot,
  ]);
  for (const block of ['4096', '10000']) {
    const found = await identify(['-b', block]);
    assert.is(found.nearest?.version, '4');
    const trimmed = found.changes.find(({ change }) => change === 'trimmed');
    // All of the file that was removed, but for blocks that something else shares.
    assert.ok((trimmed?.bytes ?? 0) > 270_000 && (trimmed?.bytes ?? 0) < 340_000, `${trimmed?.bytes}`);
    assert.equal(changesOf(found), ['mounted', 'trimmed']);
  }
});

test('edited', async () => {
  copyFileSync(at('v5'), slot);
  const bytes = readFileSync(slot);
  const place = bytes.indexOf('version 5\nversion 5');
  bytes.write('VERSION', place);
  writeFileSync(slot, bytes);
  const found = await identify(['-b', '4096']);
  assert.is(found.verdict, 'altered');
  assert.is(found.nearest?.version, '5');
  assert.equal(changesOf(found), ['edited']);
  assert.equal(found.changes[0]?.files, ['/etc/config']);
  assert.is(found.changes[0]?.blocks, 1);
});

test('edited through the file system: its inode and free space too', async () => {
  copyFileSync(at('v5'), slot);
  writeFileSync(at('config'), 'another configuration\n'.repeat(500));
  tool('debugfs', '-w', '-R', 'rm /etc/config', slot);
  tool('debugfs', '-w', '-R', `write ${at('config')} /etc-config`, slot);
  const found = await identify(['-b', '4096']);
  assert.is(found.verdict, 'altered');
  assert.is(found.nearest?.version, '5');
  assert.ok(changesOf(found).includes('written'), changesOf(found).join());
});

test('overwritten with zeros', async () => {
  const bytes = readFileSync(at('v1'));
  const place = Math.ceil(bytes.indexOf(Buffer.from(noise(64, 1))) / 4096) * 4096;
  bytes.fill(0, place, place + 100 * 4096);
  writeFileSync(slot, bytes);
  const found = await identify(['-b', '4096']);
  assert.is(found.nearest?.version, '1');
  assert.equal(changesOf(found), ['zeroed']);
  assert.equal(found.changes[0]?.files, ['/usr/lib/same']);
});

test('a version that is not archived is near to one that is, and something else is near to none', async () => {
  copyFileSync(at('v5'), slot);
  const others = candidates.slice(0, 4);
  const near = await identify([], others);
  assert.is.not(near.verdict, 'identical');
  writeFileSync(slot, noise(3_000_000, 99));
  const found = await identify();
  assert.is(found.verdict, 'unknown');
  assert.equal(found.changes, []);
  assert.is((await identify([], [])).nearest, null);
});

test('free space in common makes no version of another system', async () => {
  writeTree(at('nothing'), { 'etc/other': 'another system' });
  KINDS['ext4']?.(at('nothing'), slot);
  const found = await identify(['-b', '4096']);
  assert.is(found.verdict, 'unknown');
  assert.equal(found.changes, []);
});

test('a file that was made leaves its folder changed, whose block files share', async () => {
  copyFileSync(at('v5'), slot);
  writeFileSync(at('added'), 'x');
  writeFileSync(at('script'), `cd /etc\nwrite ${at('added')} added\n`);
  tool('debugfs', '-w', '-f', at('script'), slot);
  // Alone in its block the folder is known; in a larger one it is named beside the files.
  const [fine, coarse] = [await identify(['-b', '1024']), await identify(['-b', '262144'])];
  assert.equal(fine.changes.find(({ change }) => change === 'written')?.folders, ['/etc']);
  assert.is(
    fine.changes.find(({ change }) => change === 'edited'),
    undefined,
  );
  assert.ok(coarse.changes.some(({ folders, files }) => folders.includes('/etc') && files.includes('/etc/config')));
});

test('a slot that is shorter than the image is not it', async () => {
  writeFileSync(slot, readFileSync(at('v1')).subarray(0, 20_000_000));
  const found = await identify(['-b', '4096']);
  assert.is(found.nearest?.version, '1');
  assert.is.not(found.verdict, 'identical');
});

test('an edited squashfs has no state that a mount could change', async () => {
  KINDS['squashfs']?.(at('tree1'), at('squash'));
  const bytes = readFileSync(at('squash'));
  // The time in its superblock.
  bytes.writeUInt32LE(12345, 8);
  writeFileSync(slot, bytes);
  const found = await identify(['-b', '256'], [{ version: '1', partition: 'rootfs', image: at('squash') }]);
  assert.is(found.verdict, 'altered');
  assert.not(changesOf(found).includes('mounted'));
});

test('garbage is no signature', async () => {
  writeFileSync(at('garbage'), noise(5000, 1));
  assert.is((await failureOf(() => identifySlot(at('garbage'), candidates))).code, 'signature-corrupt');
  const sums = readFileSync(at('sig'));
  writeFileSync(at('garbage'), sums.subarray(0, sums.length - 3));
  assert.is((await failureOf(() => identifySlot(at('garbage'), candidates))).code, 'signature-corrupt');
});

test('sums that are too short or of too small blocks tell nothing', async () => {
  copyFileSync(at('v1'), slot);
  for (const options of [
    ['-S', '4'],
    ['-b', '64'],
  ]) {
    const failure = await failureOf(() => identify(options));
    assert.is(failure.code, 'signature-unsuitable');
  }
});

test.run();
