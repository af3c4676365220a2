import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
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

const applets = join(work, 'applets');
mkdirSync(applets);
execFileSync('busybox', ['--install', '-s', applets]);

const SHELLS = { dash: { command: ['dash'], path: process.env.PATH ?? '' }, busybox: { command: [join(applets, 'sh')], path: applets } };

for (const [name, { command, path }] of Object.entries(SHELLS)) {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(command[0] ?? '', [templatePath('check-base.sh'), ...args], { encoding: 'utf8', env: { PATH: path } });
    return { status, stdout, stderr };
  };

  test(`${name}: the right base passes, whatever stands behind it on the device`, () => {
    assert.equal(run('preinst', device, String(sizeBytes), sha256), { status: 0, stdout: '', stderr: '' });
  });

  test(`${name}: another base, a short one, one that is missing: refused with the reason`, () => {
    const refusals: Array<[string[], RegExp]> = [
      [['preinst', device, String(sizeBytes), 'f'.repeat(64)], new RegExp(`has sha256 ${sha256} and not f{64}: the target was not touched`)],
      [['preinst', device, String(sizeBytes + 6000), sha256], new RegExp(`has ${sizeBytes + 5000} of ${sizeBytes + 6000} bytes`)],
      [['preinst', join(work, 'absent'), String(sizeBytes), sha256], /absent cannot be read/],
      [['preinst', work, String(sizeBytes), sha256], /has 0 of/],
      [['preinst', device, String(sizeBytes)], /wrong arguments/],
      [['preinst', device, String(sizeBytes), sha256, 'more'], /wrong arguments/],
      [[], /wrong arguments/],
    ];
    for (const [args, expected] of refusals) {
      const { status, stderr } = run(...args);
      assert.is(status, 1, args.join(' '));
      assert.match(stderr, expected);
    }
  });

  test(`${name}: after the install it has nothing to do`, () => {
    assert.is(run('postinst', device, String(sizeBytes), 'f'.repeat(64)).status, 0);
  });
}

test.run();
