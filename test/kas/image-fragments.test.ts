/** The fragments for images with small deltas: included as a product includes them, and by the real mkfs programs. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { fragmentFile, fragmentOptions, fragmentVariables } from '../../bench/fragment.ts';
import { createDelta, gzipFile } from '../../src/index.ts';
import { imageKindOf } from '../../src/io/image-kind.ts';
import { scratch } from '../support/scratch.ts';
import { DISTRO, MACHINE, project } from './project.ts';

const test = suite('kas: fragments for images');
const RELEASE_PLAN = fileURLToPath(new URL('../..', import.meta.url));
const FRAGMENTS = ['reproducible', 'delta-friendly-ext4', 'delta-friendly-squashfs', 'delta-friendly-erofs'];

const blocksOf = (name: string): string[] =>
  Object.values(
    (parse(readFileSync(fragmentFile(name), 'utf8')) as { local_conf_header: Record<string, string> })
      .local_conf_header,
  );

test('kas writes every line of them into local.conf, before what the product says itself', async () => {
  const { dir } = project('image-fragments');
  const file = join(dir, 'kas/product.yml');
  writeFileSync(
    file,
    `header:
  version: 12
  includes:
${FRAGMENTS.map((name) => `    - { repo: release-plan, file: kas/${name}.yml }\n`).join('')}
machine: ${MACHINE}
distro: ${DISTRO}
target: image-prod
repos:
  stand-in-bitbake: { path: layers/stand-in-bitbake, layers: { .: disabled } }
  meta-tolomeo: { path: layers/meta-tolomeo }
  release-plan: { path: ${RELEASE_PLAN}, layers: { .: disabled } }
`,
  );
  await execa('kas', ['checkout', file], { cwd: dir });
  const localConf = readFileSync(join(dir, 'build/conf/local.conf'), 'utf8');
  for (const name of FRAGMENTS)
    for (const block of blocksOf(name)) assert.ok(localConf.includes(block.trimEnd()), name);
  assert.match(localConf, /^EXTRA_IMAGECMD:squashfs = "-noI -noD -noF -noX"$/m);
});

/** A tree of real programs, with the time that REPRODUCIBLE_TIMESTAMP_ROOTFS gives every file. */
function tree(name: string, alter?: (dir: string) => void): string {
  const dir = join(scratch(`image-fragments-${name}`), 'tree');
  mkdirSync(dir);
  for (const program of ['tar', 'bash', 'sed', 'grep', 'gzip', 'ls'])
    copyFileSync(`/bin/${program}`, join(dir, program));
  for (let index = 0; index < 200; index += 1)
    writeFileSync(join(dir, `setting-${index}`), `value ${index}\n`.repeat(20));
  const program = readFileSync('/bin/bash');
  for (let part = 0; part < 40; part += 1)
    writeFileSync(
      join(dir, `part-${String(part).padStart(2, '0')}`),
      program.subarray(part * 20_000, (part + 1) * 20_000),
    );
  alter?.(dir);
  const time = fragmentVariables('reproducible').get('REPRODUCIBLE_TIMESTAMP_ROOTFS');
  execFileSync('find', [dir, '-exec', 'touch', '-h', `--date=@${time}`, '{}', '+']);
  return dir;
}

/** As an upgrade leaves it: one small file changed, and a function in one program. */
const upgrade = (dir: string): void => {
  writeFileSync(join(dir, 'setting-7'), 'value seven\n');
  const program = readFileSync(join(dir, 'bash'));
  program.write('what an upgrade puts here', program.length >> 1);
  writeFileSync(join(dir, 'bash'), program);
};

const env = {
  ...process.env,
  SOURCE_DATE_EPOCH: fragmentVariables('reproducible').get('REPRODUCIBLE_TIMESTAMP_ROOTFS'),
};

function mkfs(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
}

function ext4(dir: string, image: string, options: readonly string[]): string {
  rmSync(image, { force: true });
  writeFileSync(image, '');
  truncateSync(image, 16 * 2 ** 20);
  mkfs('mke2fs', '-q', '-t', 'ext4', '-F', ...options, image, '-d', dir);
  return image;
}

const squashfs = (dir: string, image: string, options: readonly string[]): string => {
  mkfs('mksquashfs', dir, image, '-noappend', ...options);
  return image;
};

const erofs = (dir: string, image: string, options: readonly string[]): string => {
  mkfs('mkfs.erofs', ...options, image, dir);
  return image;
};

const superblockOf = (image: string): string =>
  execFileSync('dumpe2fs', ['-h', image], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

test('ext4: two images have the UUID and the hash seed of the fragment', () => {
  const dir = tree('ext4');
  const friendly = ext4(dir, join(dir, '../friendly'), fragmentOptions('delta-friendly-ext4', 'EXTRA_IMAGECMD:ext4'));
  const uuid = fragmentVariables('delta-friendly-ext4').get('RELEASE_PLAN_IMAGE_UUID') ?? '';
  assert.match(superblockOf(friendly), new RegExp(`^Filesystem UUID: +${uuid}$`, 'm'));
  assert.match(superblockOf(friendly), new RegExp(`^Directory Hash Seed: +${uuid}$`, 'm'));
  const plain = ['one', 'two'].map((name) => superblockOf(ext4(dir, join(dir, `../${name}`), ['-i', '4096'])));
  const [one, two] = plain.map((text) => /^Filesystem UUID:.*$/m.exec(text)?.[0]);
  assert.is.not(one, two, 'without the fragment each image has another');
});

test('squashfs: uncompressed, and the same files give the same image', async () => {
  const dir = tree('squashfs');
  const options = fragmentOptions('delta-friendly-squashfs', 'EXTRA_IMAGECMD:squashfs');
  const images = ['one', 'two'].map((name) => squashfs(dir, join(dir, `../${name}`), options));
  const [one = '', two = ''] = images;
  assert.ok(readFileSync(one).equals(readFileSync(two)));
  const kind = await imageKindOf(one);
  assert.is(kind.filesystem === 'squashfs' && kind.compression, 'none');
});

test('erofs: uncompressed, with the UUID of the fragment, and the same files give the same image', async () => {
  const dir = tree('erofs');
  const options = fragmentOptions('delta-friendly-erofs', 'EXTRA_IMAGECMD:erofs');
  const images = ['one', 'two'].map((name) => erofs(dir, join(dir, `../${name}`), options));
  const [one = '', two = ''] = images;
  assert.ok(readFileSync(one).equals(readFileSync(two)));
  assert.equal(await imageKindOf(one), { filesystem: 'erofs', compression: 'none', hasFragments: false });
  const uuid = fragmentVariables('delta-friendly-erofs').get('RELEASE_PLAN_IMAGE_UUID')?.replaceAll('-', '');
  assert.is(readFileSync(one).toString('hex', 1024 + 48, 1024 + 64), uuid);
});

/** Bytes of the delta of one upgrade, gzipped as a package holds it. */
async function deltaBytes(
  make: typeof squashfs,
  options: readonly string[],
  alter: (dir: string) => void = upgrade,
): Promise<number> {
  const [base, target] = [tree('base'), tree('target', alter)].map((dir) => make(dir, join(dir, '../image'), options));
  const delta = `${target}.delta`;
  await createDelta(base ?? '', target ?? '', delta);
  await gzipFile(delta, `${delta}.gz`);
  return statSync(`${delta}.gz`).size;
}

test('deltas of uncompressed images are several times smaller than those of compressed ones', async () => {
  const compressed = await deltaBytes(squashfs, ['-comp', 'zstd']);
  const plain = await deltaBytes(squashfs, fragmentOptions('delta-friendly-squashfs', 'EXTRA_IMAGECMD:squashfs'));
  const plainErofs = await deltaBytes(erofs, fragmentOptions('delta-friendly-erofs', 'EXTRA_IMAGECMD:erofs'));
  assert.ok(plain * 4 < compressed, `squashfs: ${plain} against ${compressed}`);
  assert.ok(plainErofs * 4 < compressed, `erofs: ${plainErofs} against ${compressed}`);
});

test('squashfs-zst: a small file that grows changes no block of another', async () => {
  const grow = (dir: string): void => appendFileSync(join(dir, 'part-03'), 'a line more\n'.repeat(100));
  const options = ['-comp', 'zstd'];
  const shared = await deltaBytes(squashfs, options, grow);
  const apart = await deltaBytes(
    squashfs,
    [...options, ...fragmentOptions('delta-friendly-squashfs', 'EXTRA_IMAGECMD:squashfs-zst')],
    grow,
  );
  assert.ok(apart * 2 < shared, `${apart} against ${shared}`);
});

test('erofs-lz4hc: compressed, in clusters that give a smaller image', async () => {
  const dir = tree('erofs-lz4hc');
  const options = ['-zlz4hc', ...fragmentOptions('delta-friendly-erofs', 'EXTRA_IMAGECMD:erofs-lz4hc')];
  const image = erofs(dir, join(dir, '../friendly'), options);
  assert.equal(await imageKindOf(image), { filesystem: 'erofs', compression: 'lz4', hasFragments: false });
  assert.ok(statSync(image).size < statSync(erofs(dir, join(dir, '../plain'), ['-zlz4hc'])).size);
});

test.run();
