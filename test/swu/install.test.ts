import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { digestBytes } from '../../src/io/hash.ts';
import { templatePath } from '../../src/io/template.ts';
import type { SwuSettings } from '../../src/core/plan.ts';
import { buildSwu, type SwuPartition, type SwuRequest } from '../../src/swu/build.ts';
import { proveByInstalling, type InstallRequest } from '../../src/swu/install.ts';
import { clients } from '../support/clients.ts';
import { scratch } from '../support/scratch.ts';
import { makeKeys } from '../support/signing.ts';
import { BOARD, deltaPartition, makeRelease, requestFor, SWU } from '../support/swupdate.ts';

/** Packages installed by the swupdate of three Debian releases, onto files at the paths of real devices. */
const test = suite('swu/install');
const work = scratch('install');
const keys = makeKeys('install-keys').dir;
const release = makeRelease(work);
const slots = { a: '/dev/mmcblk0p2', b: '/dev/mmcblk0p3' };
const kernel = Buffer.alloc(300_000, 'kernel');
writeFileSync(join(work, 'kernel.img'), kernel);
writeFileSync(join(keys, 'aes'), `${'ab'.repeat(32)} ${'cd'.repeat(16)}\n`);
const everyone = await clients();

const rootfs = (over: Partial<SwuPartition> = {}): SwuPartition => ({ ...deltaPartition(release, { slots }), ...over });
const boot: SwuPartition = {
  name: 'boot',
  type: 'block',
  target: { device: '/dev/disk/by-partlabel/boot' },
  delta: undefined,
  payload: join(work, 'kernel.img'),
  compression: 'none',
  decompressedSizeBytes: kernel.length,
  image: digestBytes(kernel),
};

let made = 0;
async function packed(over: Partial<SwuRequest> = {}, partitions: SwuPartition[] = [rootfs(), boot]): Promise<string> {
  made += 1;
  const out = join(work, `update-${made}.swu`);
  await buildSwu(requestFor(keys, out, partitions, over));
  return out;
}

const onRootfs = {
  name: 'rootfs',
  places: [
    { device: slots.a, base: slots.b },
    { device: slots.b, base: slots.a },
  ],
  image: digestBytes(release.target),
  hasSize: true,
};
const withBase = { ...onRootfs, base: { path: release.paths.base, ...digestBytes(release.base) } };
const onBoot = {
  name: 'boot',
  places: [{ device: '/dev/disk/by-partlabel/boot' }],
  image: digestBytes(kernel),
  hasSize: true,
};

const [debian] = everyone;
assert.ok(debian, 'there is no swupdate');

const prove = async (swu: string, over: Partial<InstallRequest> = {}) =>
  await proveByInstalling({
    client: debian,
    swu,
    trust: { keyFile: join(keys, 'ec.crt'), method: 'cms', isCodeSigning: false },
    hardware: `${BOARD}:1.0`,
    selections: [
      { set: 'stable', mode: 'main' },
      { set: 'stable', mode: 'alt' },
    ],
    partitions: [withBase, onBoot],
    shared: [join(import.meta.dirname, '../../.cache'), keys],
    isGuarded: true,
    ...over,
  });

for (const client of everyone) {
  for (const guard of ['shell', 'lua'] as const)
    test(`${client.name}: a delta and a whole image in both selections, guard ${guard}; what is wrong is refused`, async () => {
      const proof = await prove(await packed({ swu: { ...SWU, guard } }), { client });
      assert.equal(proof, {
        result: 'pass',
        detail:
          '-e stable,main and -e stable,alt: bit for bit; refused with the target untouched: ' +
          'a base with one byte changed, a target that is too small',
      });
    });

  test(`${client.name}: encrypted payloads, in several boards and with names of the plan's own`, async () => {
    const swu: SwuSettings = {
      ...SWU,
      boards: ['other-board', BOARD],
      selections: { set: 'live', modes: ['slot-a', 'slot-b'] },
      encrypt: { key: 'aes', description: false },
    };
    const selections = swu.selections.modes.map((mode) => ({ set: 'live', mode }));
    const proof = await prove(await packed({ swu }), { client, selections, aesKeyFile: join(keys, 'aes') });
    assert.is(proof.result, 'pass', proof.detail);
  });

  test(`${client.name}: a full package onto rubbish, without a base`, async () => {
    const full = rootfs({ delta: undefined, payload: release.paths.target, compression: 'none' });
    const { base: _none, ...partition } = full;
    const { from: _from, ...request } = requestFor(keys, join(work, `full-${client.name}.swu`), [partition, boot]);
    await buildSwu(request);
    const proof = await prove(request.out, { client, partitions: [onRootfs, onBoot] });
    assert.is(proof.result, 'pass', proof.detail);
  });

  test(`${client.name}: a signature of two signers, where the device trusts both`, async () => {
    const both = join(keys, 'both.crt');
    writeFileSync(both, readFileSync(join(keys, 'ec.crt'), 'utf8') + readFileSync(join(keys, 'rsa.crt'), 'utf8'));
    const others = [{ key: 'encrypted.pem', cert: 'rsa.crt', passphraseEnv: 'P' }];
    const swu = await packed({
      signing: { method: 'cms', key: 'ec.pem', cert: 'ec.crt', others },
      context: { env: { P: 'correct horse' }, planDir: keys },
    });
    const trust = { keyFile: both, method: 'cms', isCodeSigning: false } as const;
    const proof = await prove(swu, { client, trust });
    assert.is(proof.result, 'pass', proof.detail);
  });

  for (const [method, key] of [
    ['rsa', 'rsa.pub.pem'],
    ['rsa-pss', 'rsa.pub.pem'],
  ] as const)
    test(`${client.name}: ${method}, where it verifies that`, async () => {
      const swu = await packed({ signing: { method, key: 'rsa.pem', public: key } });
      const proof = await prove(swu, { client, trust: { keyFile: join(keys, key), method, isCodeSigning: false } });
      assert.is(proof.result, client.takesProvider ? 'pass' : 'not-checked', proof.detail);
    });
}

for (const guard of ['shell', 'lua'] as const)
  test(`a partition that the update leaves alone must hold the image of both versions, guard ${guard}`, async () => {
    const image = digestBytes(kernel);
    const swu = await packed(
      { swu: { ...SWU, guard }, unchanged: [{ name: 'kernel', device: '/dev/mmcblk0p1', image }] },
      [rootfs()],
    );
    const over = { partitions: [withBase] };
    const there = { device: '/dev/mmcblk0p1', ...image };
    const good = await prove(swu, { ...over, unchanged: [{ ...there, path: join(work, 'kernel.img') }] });
    assert.is(good.result, 'pass', good.detail);
    writeFileSync(join(work, 'altered.img'), Buffer.concat([kernel.subarray(1), Buffer.from('x')]));
    const bad = await prove(swu, { ...over, unchanged: [{ ...there, path: join(work, 'altered.img') }] });
    assert.match(`${bad.result}: ${bad.detail}`, /^fail: .*the base \/dev\/mmcblk0p1 has sha256/);
  });

for (const client of everyone)
  test(`${client.name}: a small package without padding is proven all the same`, async () => {
    const swu = await packed({ swu: { ...SWU, padding: false } }, [rootfs()]);
    const before = digestBytes(readFileSync(swu)).sha256;
    const { result, detail } = await prove(swu, { client, partitions: [withBase] });
    assert.is(result, 'pass', detail);
    assert.is(detail.includes('; padded for the proof'), !client.takesProvider);
    assert.is(digestBytes(readFileSync(swu)).sha256, before);
  });

for (const client of everyone)
  test(`${client.name}: boot loader variables hinder no proof: there is no boot loader to write to`, async () => {
    const proof = await prove(await packed({ swu: { ...SWU, bootenv: { bootslot: '{slot}' } } }), { client });
    assert.is(proof.result, 'pass', proof.detail);
  });

test('a delta of a file rewrites it in place, and refuses another one', async () => {
  const file: SwuPartition = { ...rootfs(), type: 'file', target: { device: '/data/app.img' } };
  const onFile = { ...withBase, places: [{ device: '/data/app.img', base: '/data/app.img' }], hasSize: false };
  const swu = await packed({}, [file]);
  const proof = await prove(swu, { selections: [], partitions: [onFile] });
  assert.is(proof.result, 'pass', proof.detail);
  assert.match(proof.detail, /without a selection: bit for bit; refused .* a base with one byte changed/);
});

test('a package that lacks the guard, writes something else or is not trusted fails', async () => {
  const unguarded = await prove(await packed({ swu: { ...SWU, guard: 'none' } }));
  assert.is(unguarded.result, 'fail');
  assert.match(unguarded.detail, /-e stable,main: a base with one byte changed is refused only after the target/);
  const other = { ...withBase, image: { ...withBase.image, sha256: 'f'.repeat(64) } };
  const wrong = await prove(await packed(), { partitions: [other, onBoot] });
  assert.match(`${wrong.result}: ${wrong.detail}`, /^fail: .*rootfs: after the install the target has sha256/);
  const trust = { keyFile: join(keys, 'other.crt'), method: 'cms', isCodeSigning: false } as const;
  const untrusted = await prove(await packed(), { trust });
  assert.match(`${untrusted.result}: ${untrusted.detail}`, /^fail: .*swupdate refuses it: .*ERROR/);
});

test('what cannot be a file here is not checked, and says why', async () => {
  const taken = { ...onRootfs, places: [{ device: '/usr/lib/firmware.img' }] };
  const proof = await prove(await packed(), { partitions: [taken] });
  assert.equal(proof, { result: 'not-checked', detail: '/usr/lib/firmware.img cannot be a file in place of a device' });
});

test('nothing of this machine is written, and several proofs do not meet', async () => {
  copyFileSync(templatePath('check-base.sh'), join(work, 'before'));
  const swu = await packed();
  const proofs = await Promise.all([prove(swu), prove(swu), prove(swu)]);
  assert.equal(
    proofs.map((one) => one.result),
    ['pass', 'pass', 'pass'],
  );
  assert.ok(readFileSync(join(work, 'before')).equals(readFileSync(templatePath('check-base.sh'))));
});

test.run();
