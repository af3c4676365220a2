import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { digestBytes } from '../../src/io/hash.ts';
import { templatePath } from '../../src/io/template.ts';
import { scratch } from '../support/scratch.ts';

/** templates/check-base.sh by itself, in Debian's sh and in busybox with nothing but busybox's applets. */
const test = suite('templates/check-base.sh');
const work = scratch('check-base');
const base = Buffer.from('the base image '.repeat(1000));
const device = join(work, 'device');
writeFileSync(device, Buffer.concat([base, Buffer.alloc(5000, 0xff)]));
const { sha256, sizeBytes } = digestBytes(base);
const target = join(work, 'target');
writeFileSync(target, '');

const applets = join(work, 'applets');
mkdirSync(applets);
execFileSync('busybox', ['--install', '-s', applets]);

/** What /sys and /proc say of the target. */
interface KernelSays {
  number: string;
  mounts: string[];
  holders: string[];
}

let kernels = 0;

/** A command prefix that runs the rest with a /sys and a /proc of the test's own, in a mount namespace. */
function withKernel({ number, mounts, holders }: KernelSays): string[] {
  kernels += 1;
  const [sys, proc] = [join(work, `sys-${kernels}`), join(work, `proc-${kernels}`)];
  const block = join(sys, 'class/block/target');
  mkdirSync(join(block, 'holders'), { recursive: true });
  mkdirSync(join(proc, 'self'), { recursive: true });
  writeFileSync(join(block, 'dev'), `${number}\n`);
  for (const holder of holders) writeFileSync(join(block, 'holders', holder), '');
  writeFileSync(
    join(proc, 'self/mountinfo'),
    mounts.map((one) => `29 1 ${one} / / ro,relatime shared:1 - squashfs /dev/root ro\n`).join(''),
  );
  const mapped = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  return [
    '/usr/bin/unshare',
    ...mapped,
    '--mount',
    '/bin/sh',
    '-c',
    '/bin/mount --bind "$0" /sys && /bin/mount --bind "$1" /proc && shift && exec "$@"',
    sys,
    proc,
  ];
}

const SHELLS = {
  dash: { command: ['dash'], path: process.env.PATH ?? '' },
  busybox: { command: [join(applets, 'sh')], path: applets },
};

for (const [name, { command, path }] of Object.entries(SHELLS)) {
  const run = (...args: string[]) => runIn([], ...args);
  const runIn = (wrap: string[], ...args: string[]) => {
    const [program = '', ...rest] = [...wrap, ...command, templatePath('check-base.sh'), ...args];
    const { status, stdout, stderr } = spawnSync(program, rest, {
      encoding: 'utf8',
      env: { PATH: wrap.length > 0 ? `${path}:${process.env.PATH}` : path },
    });
    return { status, stdout, stderr };
  };

  test(`${name}: the right base passes, whatever stands behind it on the device`, () => {
    assert.equal(run('preinst', device, String(sizeBytes), sha256, target), { status: 0, stdout: '', stderr: '' });
  });

  test(`${name}: another base, a short one, one that is missing: refused with the reason`, () => {
    const refusals: Array<[string[], RegExp]> = [
      [
        ['preinst', device, String(sizeBytes), 'f'.repeat(64), target],
        new RegExp(`has sha256 ${sha256} and not f{64}: the target was not touched`),
      ],
      [
        ['preinst', device, String(sizeBytes + 6000), sha256, target],
        new RegExp(`has ${sizeBytes + 5000} of ${sizeBytes + 6000} bytes`),
      ],
      [['preinst', join(work, 'absent'), String(sizeBytes), sha256, target], /absent cannot be read/],
      [['preinst', work, String(sizeBytes), sha256, target], /has 0 of/],
      [['preinst', device, String(sizeBytes), sha256, join(work, 'nowhere')], /the target .*nowhere does not exist/],
      [['preinst', device, String(sizeBytes), sha256], /wrong arguments/],
      [['preinst', device, String(sizeBytes), sha256, target, 'more'], /wrong arguments/],
      [[], /wrong arguments/],
    ];
    for (const [args, expected] of refusals) {
      const { status, stderr } = run(...args);
      assert.is(status, 1, args.join(' '));
      assert.match(stderr, expected);
    }
  });

  test(`${name}: after the install it has nothing to do`, () => {
    assert.is(run('postinst', device, String(sizeBytes), 'f'.repeat(64), target).status, 0);
  });

  test(`${name}: a target that is mounted or held is refused, known by its number and through links`, () => {
    symlinkSync(target, join(work, `link-${name}`));
    const cases: Array<[KernelSays, RegExp | undefined]> = [
      [{ number: '179:2', mounts: ['179:2'], holders: [] }, /the target .* is mounted/],
      [{ number: '179:2', mounts: ['179:20', '1179:2'], holders: [] }, undefined],
      [{ number: '179:2', mounts: [], holders: ['dm-0'] }, /the target .* is in use/],
    ];
    for (const [kernel, expected] of cases) {
      for (const path of [target, join(work, `link-${name}`)]) {
        const { status, stderr } = runIn(withKernel(kernel), 'preinst', device, String(sizeBytes), sha256, path);
        assert.is(status, expected === undefined ? 0 : 1, stderr);
        if (expected !== undefined) assert.match(stderr, expected);
      }
    }
  });
}

test.run();
