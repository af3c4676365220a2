/** `publish` of an OSTree plan: the repository goes out whole, and only when it is proven. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { execa } from 'execa';
import { ostree } from '../support/ostree.ts';
import { serveWhole } from '../support/ostree-server.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('jobs/publish: OSTree');
const EXAMPLE = fileURLToPath(new URL('../../examples/lmp', import.meta.url));
const BIN = fileURLToPath(new URL('../../src/bin.js', import.meta.url));

test('nothing goes out while a required delta is missing; then devices pull from what was published', async () => {
  const dir = join(scratch('publish-lmp'), 'lmp');
  cpSync(EXAMPLE, dir, { recursive: true });
  execFileSync('./make-targets', { cwd: dir, stdio: 'ignore' });
  const plan = readFileSync(join(dir, 'plan.yml'), 'utf8');
  writeFileSync(join(dir, 'plan.yml'), `${plan}publish:\n  - { name: web, kind: directory, path: srv }\n`);
  const run = async (...args: string[]) =>
    await execa(process.execPath, [BIN, ...args, 'plan.yml'], { cwd: dir, reject: false, stdin: 'ignore' });
  const early = await run('publish');
  assert.is(early.exitCode, 4);
  assert.match(early.stdout, 'not published: delta 7 -> 9');
  assert.not(existsSync(join(dir, 'srv')));
  assert.is((await run('apply')).exitCode, 0);
  assert.match((await run('publish', '--dry-run')).stdout, / files to send/);
  assert.not(existsSync(join(dir, 'srv')));
  assert.is((await run('publish')).exitCode, 0);
  assert.match((await run('publish')).stdout, 'everything is there');
  const server = await serveWhole(join(dir, 'srv'));
  const device = join(dir, 'device');
  mkdirSync(device);
  await ostree(device, 'init', '--mode=bare-user-only');
  await ostree(device, 'remote', 'add', '--no-sign-verify', 'origin', server.url);
  await ostree(device, 'pull', 'origin', 'raspberrypi4-64-lmp');
  const there = await ostree(device, 'rev-parse', 'origin:raspberrypi4-64-lmp');
  await server.close();
  assert.is(there, await ostree(join(dir, 'ostree/repo'), 'rev-parse', 'raspberrypi4-64-lmp'));
});

test.run();
