import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { proveWithLibrsync } from '../../../src/delivery/engines/librsync.ts';
import { proveWithSwupdate } from '../../../src/delivery/swupdate/device.ts';
import type { DeltaInput } from '../../../src/delivery/engines/engine.ts';
import { digestBytes } from '../../../src/io/hash.ts';
import type { SigningSettings, SwuSettings } from '../../../src/core/plan.ts';
import { buildSwu } from '../../../src/swu/build.ts';
import { failureOf } from '../../support/failure.ts';
import { plan } from '../../support/manifests.ts';
import { scratch } from '../../support/scratch.ts';
import { makeKeys } from '../../support/signing.ts';
import { BOARD, deltaPartition, makeRelease, requestFor, SWU } from '../../support/swupdate.ts';

const test = suite('delta/device');

const dir = scratch('device-proof');
const keys = makeKeys('device-proof-keys').dir;
const release = makeRelease(dir);
const slots = { a: join(dir, 'slot-a'), b: join(dir, 'slot-b') };
const { signal } = new AbortController();
const swu: SwuSettings = SWU;

const input: DeltaInput = {
  partition: 'rootfs',
  base: { path: release.paths.base, ...digestBytes(release.base) },
  target: { path: release.paths.target, ...digestBytes(release.target) },
  baseSignature: '',
};

test('librsync gives the target', async () => {
  assert.equal(await proveWithLibrsync(input, release.paths.delta, signal), {
    check: 'librsync-applies',
    result: 'pass',
    detail: 'rootfs: rdiff patch gives the target',
  });
});

test('a delta of another base, or no delta at all, is not proven', async () => {
  const other = await failureOf(() => proveWithLibrsync({ ...input, base: input.target }, release.paths.delta, signal));
  assert.is(other.code, 'delta-unproven');
  assert.match(other.message, 'rdiff patch gives sha256');
  const none = await failureOf(() => proveWithLibrsync(input, release.paths.base, signal));
  assert.is(none.code, 'delta-unproven');
  assert.match(none.message, 'exit code');
});

async function packed(name: string, signing: SigningSettings, settings: SwuSettings = swu): Promise<string> {
  const out = join(dir, `${name}.swu`);
  await buildSwu(requestFor(keys, out, [deltaPartition(release, { slots })], { signing, swu: settings }));
  return out;
}

const proofOf = async (path: string, signing: SigningSettings, settings: SwuSettings = swu) =>
  await proveWithSwupdate({
    plan: plan({ dir: keys, machine: BOARD, signing, swu: settings }),
    swu: path,
    env: {},
    signal,
  });

const cms: SigningSettings = { method: 'cms', key: 'ec.pem', cert: 'ec.crt', public: 'ec.crt' };
const codeSigning: SigningSettings = { method: 'cms', key: 'rsa.pem', cert: 'code.crt', public: 'code.crt' };

test('swupdate accepts a package on both sides, also under a certificate for code alone', async () => {
  assert.equal(await proofOf(await packed('good', cms), cms), {
    check: 'swupdate-accepts',
    result: 'pass',
    detail: `swupdate -c as ${BOARD}:1.0, stable,main and stable,alt`,
  });
  assert.is((await proofOf(await packed('code', codeSigning), codeSigning)).result, 'pass');
});

test('a small package without padding is checked padded', async () => {
  const settings = { ...swu, padding: false };
  const { result, detail } = await proofOf(await packed('unpadded', cms, settings), cms, settings);
  assert.is(result, 'pass', detail);
  assert.match(detail, 'padded for the proof');
});

test("swupdate's refusal is ours, in its own words", async () => {
  const path = await packed('flipped', cms);
  const bytes = readFileSync(path);
  const at = bytes.indexOf('rootfs.delta.gz\0') + 5000;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const flipped = await failureOf(() => proofOf(path, cms));
  assert.is(flipped.code, 'pair-inconsistent');
  assert.match(flipped.message, /flipped\.swu: swupdate -c -e stable,main rejects it: .*ERROR/);
  const stranger = await failureOf(async () =>
    proofOf(await packed('stranger', { ...cms, key: 'other.pem', cert: 'other.crt', public: 'other.crt' }), cms),
  );
  assert.is(stranger.code, 'pair-inconsistent');
});

test("what Debian's swupdate cannot show is not checked, and says why", async () => {
  const lua: SwuSettings = { ...swu, guard: 'lua' };
  assert.match((await proofOf(await packed('lua', cms, lua), cms, lua)).detail, 'guard: lua');
  const rsa: SigningSettings = { method: 'rsa', key: 'rsa.pem', public: 'rsa.pub.pem' };
  assert.equal(await proofOf(await packed('rsa', rsa), rsa), {
    check: 'swupdate-accepts',
    result: 'not-checked',
    detail: "Debian's swupdate verifies only CMS signatures",
  });
});

test.run();
