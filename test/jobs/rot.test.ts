/**
 * For each file of an archived version and update, each kind of damage: verify names it, and apply builds nothing on
 * it.
 */
import { copyFileSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesBelow } from '../support/product.ts';
import { differences, makeRig, snapshot, type Rig } from '../faults/rig.ts';

const test = suite('rot');

let rig: Rig;

test.before(async () => {
  rig = await makeRig('rot');
});

const DAMAGES: Record<string, (path: string) => void> = {
  'a flipped bit': (path) => {
    const bytes = readFileSync(path);
    const at = Math.floor(bytes.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  },
  'a lost byte': (path) => truncateSync(path, readFileSync(path).length - 1),
  'no file': (path) => rmSync(path),
  'a link to the same bytes': (path) => {
    copyFileSync(path, `${rig.tmp}/same-bytes`);
    rmSync(path);
    symlinkSync(`${rig.tmp}/same-bytes`, path);
  },
};

/** Damages one file, looks, and puts it back. */
async function withDamage(file: string, damage: (path: string) => void, look: () => Promise<void>): Promise<void> {
  const path = join(rig.product.archive, file);
  const bytes = readFileSync(path);
  damage(path);
  try {
    await look();
  } finally {
    rmSync(path, { force: true });
    writeFileSync(path, bytes);
  }
}

const IMAGE = 'image-prod-tolomeo-qemux86-64.squashfs';
const VERSION_FILES = [
  'build-info.txt',
  IMAGE,
  'kas-lock.json',
  'manifest.json',
  'manifest.json.sig',
  'rootfs.signature',
];
const UPDATE_FILES = [
  'build-info.txt',
  'delta-info.json',
  'delta-update-0.1.0-to-0.2.0.swu',
  'rootfs.delta',
  'rootfs.delta.gz',
  'rootfs.signature',
];

test('these are all files', () => {
  const expected = [
    ...VERSION_FILES.flatMap((file) => [`0.1.0/${file}`, `0.2.0/${file}`]),
    ...UPDATE_FILES.map((file) => `0.2.0/updates/from_0.1.0/${file}`),
  ];
  assert.equal(
    filesBelow(rig.product.archive).filter((file) => file.startsWith('0.')),
    expected.sort(),
  );
});

for (const [how, damage] of Object.entries(DAMAGES)) {
  for (const file of [
    ...VERSION_FILES.map((name) => `0.1.0/${name}`),
    ...UPDATE_FILES.map((name) => `0.2.0/updates/from_0.1.0/${name}`),
  ]) {
    test(`${how}: verify names ${file}`, async () => {
      await withDamage(file, damage, async () => {
        const run = await rig.cli(['verify', 'plan.yml']);
        assert.is(run.exitCode, 4, run.stderr);
        assert.match(`${run.stdout}${run.stderr}`, join(rig.product.archive, file));
      });
    });
  }
}

for (const [how, damage] of Object.entries(DAMAGES)) {
  for (const file of [
    ...VERSION_FILES.map((name) => `0.1.0/${name}`),
    ...VERSION_FILES.map((name) => `0.2.0/${name}`),
  ]) {
    test(`${how}: apply makes no delta on ${file}`, async () => {
      const update = join(rig.product.archive, '0.2.0/updates/from_0.1.0');
      rmSync(update, { recursive: true, force: true });
      await withDamage(file, damage, async () => {
        const run = await rig.cli(['apply', 'plan.yml', '--only', 'delta']);
        assert.is(run.exitCode, 4, run.stderr);
        assert.match(run.stderr, join(rig.product.archive, file));
        assert.equal(filesBelow(update), []);
      });
    });
  }
}

test('what was put back is whole, and apply makes the update again, bit for bit', async () => {
  const run = await rig.cli(['apply', 'plan.yml']);
  assert.is(run.exitCode, 0, run.stderr);
  assert.equal(differences(snapshot(rig.product), rig.reference), []);
});

for (const [how, damage] of Object.entries(DAMAGES)) {
  test(`${how} in an update: apply makes it again, bit for bit`, async () => {
    for (const name of ['rootfs.delta', 'delta-info.json', 'delta-update-0.1.0-to-0.2.0.swu']) {
      damage(join(rig.product.archive, '0.2.0/updates/from_0.1.0', name));
      const run = await rig.cli(['apply', 'plan.yml']);
      assert.is(run.exitCode, 0, run.stderr);
      assert.equal(differences(snapshot(rig.product), rig.reference), []);
    }
  });
}

test.run();
