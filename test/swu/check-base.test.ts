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
  /** Lines of mountinfo from the device's number on. */
  mounts: string[];
  holders: string[];
  sectors: number;
}

let kernels = 0;
const NUMBER = '179:2';

/** A command prefix that runs the rest with a /sys and a /proc of the test's own, in a mount namespace. */
function withKernel({ mounts, holders, sectors }: KernelSays): string[] {
  kernels += 1;
  const [sys, proc] = [join(work, `sys-${kernels}`), join(work, `proc-${kernels}`)];
  const block = join(sys, 'dev/block', NUMBER);
  mkdirSync(join(block, 'holders'), { recursive: true });
  mkdirSync(join(proc, 'self'), { recursive: true });
  writeFileSync(join(block, 'size'), `${sectors}\n`);
  for (const holder of holders) writeFileSync(join(block, 'holders', holder), '');
  writeFileSync(join(proc, 'self/mountinfo'), mounts.map((one) => `29 1 ${one}\n`).join(''));
  return [
    '/usr/bin/unshare',
    '--mount',
    '/bin/sh',
    '-c',
    '/bin/mount --bind "$0" /sys && /bin/mount --bind "$1" /proc && shift && exec "$@"',
    sys,
    proc,
  ];
}

/** A node of a block device that no driver has; only root can make one, and not in every container. */
function canMakeNode(path: string): boolean {
  const { status } = spawnSync('mknod', [path, 'b', ...NUMBER.split(':')]);
  if (status !== 0) process.stderr.write('check-base: block devices are not tried: mknod is not allowed here\n');
  return status === 0;
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
      [['preinst', device, String(sizeBytes), sha256, target, '1', 'more'], /wrong arguments/],
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

  test(`${name}: what is called after an install, or after a failed one, succeeds`, () => {
    for (const phase of ['postinst', 'postfailure']) assert.is(run(phase, '-', '-', '-', '-').status, 0, phase);
    assert.is(run('preinst', '-', '-', '-', '-').status, 0, 'nothing to look at');
  });

  test(`${name}: the wrong base says how to go on`, () => {
    const { stderr } = run('preinst', device, String(sizeBytes), 'f'.repeat(64), target);
    assert.match(stderr, /not touched; install the full package, which needs no base\n$/);
    assert.not(/full package/.test(run('preinst', device, '1', sha256, join(work, 'nowhere')).stderr));
  });

  test(`${name}: a target that is smaller than the image is refused, with and without a base`, () => {
    const small = join(work, `small-${name}`);
    writeFileSync(small, Buffer.alloc(1000));
    for (const from of [
      [device, String(sizeBytes), sha256],
      ['-', '-', '-'],
    ]) {
      const tight = run('preinst', ...from, small, '1001');
      assert.is(tight.status, 1);
      assert.match(tight.stderr, /small-.* has room for 1000 bytes, the image has 1001: the target was not touched\n$/);
      assert.is(run('preinst', ...from, small, '1000').status, 0);
      assert.is(run('preinst', ...from, small, '-').status, 0);
    }
  });

  test(`${name}: a block device that is mounted, held or too small is refused, by its number and through links`, () => {
    const node = join(work, `node-${name}`);
    if (!canMakeNode(node)) return;
    symlinkSync(node, join(work, `link-${name}`));
    const root = (number: string) => `${number} / / ro,relatime shared:1 - squashfs /dev/root ro`;
    const cases: Array<[Partial<KernelSays>, RegExp | undefined]> = [
      [{ mounts: [root(NUMBER)] }, /the target .* is mounted/],
      [{ mounts: [root('179:20'), root('1179:2')] }, undefined],
      [{ mounts: [`0:38 /@ / rw - btrfs ${node} rw`] }, /the target .* is mounted/],
      [{ holders: ['dm-0'] }, /the target .* is held by dm-0/],
      [{ sectors: 3 }, /has room for 1536 bytes, the image has 2000/],
      [{ sectors: 4 }, undefined],
    ];
    for (const [kernel, expected] of cases) {
      for (const path of kernel.mounts?.[0]?.includes('btrfs') ? [node] : [node, join(work, `link-${name}`)]) {
        const says = { mounts: [], holders: [], sectors: 8, ...kernel };
        const { status, stderr } = runIn(withKernel(says), 'preinst', device, String(sizeBytes), sha256, path, '2000');
        assert.is(status, expected === undefined ? 0 : 1, stderr);
        if (expected !== undefined) assert.match(stderr, expected);
      }
    }
  });
}

// busybox finds its own applets without PATH: a device that has it lacks none of them.
test(`a program that the device lacks is named`, () => {
  for (const missing of ['head', 'sha256sum', 'wc', 'ls']) {
    const bin = join(work, `without-${missing}`);
    mkdirSync(bin);
    for (const one of ['head', 'sha256sum', 'wc', 'ls'].filter((two) => two !== missing))
      symlinkSync(`/usr/bin/${one}`, join(bin, one));
    const shell = spawnSync(
      '/usr/bin/dash',
      [templatePath('check-base.sh'), 'preinst', device, String(sizeBytes), sha256, target],
      { encoding: 'utf8', env: { PATH: bin } },
    );
    assert.is(shell.status, 1);
    assert.match(shell.stderr, `the program ${missing} is missing on this device: the target was not touched`);
  }
});

test.run();
