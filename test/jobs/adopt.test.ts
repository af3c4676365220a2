/** Images that were there before release-plan: a plan, manifests, and then deltas between them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { VersionManifest } from '../../src/core/archive.ts';
import { run } from '../../src/io/process.ts';
import { requirePlan } from '../../src/plan/load.ts';
import { fileURLToPath } from 'node:url';
import { failureOf } from '../support/failure.ts';
import { scratch } from '../support/scratch.ts';
import { makeKeys } from '../support/signing.ts';

const test = suite('jobs: adopting images');
const BIN = fileURLToPath(new URL('../../src/bin.js', import.meta.url));
const cli = async (cwd: string, args: string[], env: Record<string, string> = {}) =>
  await run(process.execPath, [BIN, ...args], { cwd, env, okCodes: [0, 2, 3, 4, 5] });

/** A squashfs with its version in /etc/buildinfo, and a FAT image beside it. */
function writeVersion(dir: string, version: string, name = 'image-prod-board.squashfs'): void {
  const root = join(scratch('adopt-root'), 'root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(join(root, 'etc/buildinfo'), `BUILD_VERSION = ${version}\n`);
  writeFileSync(join(root, 'program'), `${'x'.repeat(200_000)}${version}`);
  mkdirSync(dir, { recursive: true });
  execFileSync('mksquashfs', [root, join(dir, name), '-noappend', '-quiet', '-no-progress', '-noI', '-noD', '-noF'], {
    stdio: 'ignore',
  });
  writeFileSync(join(dir, 'README.txt'), 'not an image\n');
}

const manifestIn = (dir: string): VersionManifest =>
  JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as VersionManifest;

test("Tolomeo's layout: manifests in place, a plan that validates, and a delta between what was found", async () => {
  const dir = scratch('adopt');
  const at = (version: string): string => join(dir, 'artifacts/board/image-prod', version);
  for (const version of ['1.0.0', '1.1.0']) writeVersion(at(version), version);
  mkdirSync(join(dir, 'artifacts/board/image-prod/1.2.0'));
  const init = await cli(dir, ['init', '.', '--adopt', 'artifacts', '--distro', 'prod', '--product', 'gateway']);
  assert.is(init.exitCode, 0, init.stderr);
  const manifest = manifestIn(at('1.0.0'));
  assert.equal(
    [manifest.adopted, manifest.machine, manifest.image, manifest.partitions.map((one) => [one.name, one.filesystem])],
    [true, 'board', 'image-prod', [['rootfs', 'squashfs']]],
  );
  assert.equal(
    manifest.proof.map((one) => one.detail),
    ['rootfs: /etc/buildinfo holds 1.0.0'],
  );
  mkdirSync(join(dir, 'kas'));
  writeFileSync(join(dir, 'kas/board_prod_image-prod.yml'), 'header: {version: 1}\n');
  const keys = makeKeys('adopt-keys').dir;
  mkdirSync(join(dir, 'keys'));
  writeFileSync(join(dir, 'keys/swu.cert.pem'), readFileSync(join(keys, 'ec.crt')));
  const { plan } = await requirePlan('plan.yml', { cwd: dir });
  assert.equal(
    [plan.versions.map((one) => one.version), plan.partitions[0]?.file, plan.partitions[0]?.versionFile],
    [['1.0.0', '1.1.0'], '{image}-{machine}.squashfs', '/etc/buildinfo'],
  );
  // Nothing is built on images that nobody has vouched for.
  assert.match(init.stdout, 'verify plan.yml --sign-manifests');
  const unsigned = await cli(dir, ['apply', 'plan.yml'], { SWU_KEY: join(keys, 'ec.pem') });
  assert.is(unsigned.exitCode, 4);
  assert.match(unsigned.stderr, 'error[archive-damaged]');
  const vouched = await cli(dir, ['verify', 'plan.yml', '--sign-manifests'], { SWU_KEY: join(keys, 'ec.pem') });
  assert.is(vouched.exitCode, 0, vouched.stderr);
  const applied = await cli(dir, ['apply', 'plan.yml'], { SWU_KEY: join(keys, 'ec.pem') });
  assert.is(applied.exitCode, 0, applied.stderr);
  assert.ok(existsSync(join(at('1.1.0'), 'updates/from_1.0.0/delta-update-1.0.0-to-1.1.0.swu')));
  const report = JSON.parse((await cli(dir, ['report', 'plan.yml', '--format', 'json'])).stdout) as {
    checks: Array<{ check: string; result: string; detail: string }>;
  };
  assert.equal(
    report.checks.filter((one) => one.check === 'configuration').map(({ result, detail }) => [result, detail]),
    [['not-checked', 'nothing is known of how 1.0.0 and 1.1.0 were built']],
  );
});

test('a plain layout: copied to where the archive has them, what was there stays', async () => {
  const dir = scratch('adopt-plain');
  for (const version of ['7', '8']) writeVersion(join(dir, 'old', version), version, `rootfs-${version}.squashfs`);
  writeVersion(join(dir, 'old', 'latest'), '8');
  const unnamed = await cli(dir, ['init', '.', '--adopt', 'old']);
  assert.is(unnamed.exitCode, 2, unnamed.stderr);
  assert.match(unnamed.stderr, 'error[adopt-nothing]');
  const init = await cli(dir, ['init', '.', '--adopt', 'old', '--machine', 'board', '--image', 'image-prod']);
  assert.is(init.exitCode, 0, init.stderr);
  assert.ok(existsSync(join(dir, 'old/7/rootfs-7.squashfs')));
  assert.is(manifestIn(join(dir, 'old/board/image-prod/8')).files[0]?.path, 'rootfs-8.squashfs');
  const again = await cli(dir, ['init', '.', '--adopt', 'old', '--machine', 'board', '--image', 'image-prod']);
  assert.match(again.stderr, 'error[plan-exists]');
});

test('an image that says another version than its folder is not adopted', async () => {
  const dir = scratch('adopt-wrong');
  writeVersion(join(dir, 'a/board/image-prod/1.0.0'), '0.9.0');
  writeVersion(join(dir, 'a/board/image-prod/1.1.0'), '1.1.0');
  const { adoptImages } = await import('../../src/jobs/adopt.ts');
  const facts = { root: dirname(join(dir, 'a/board')), product: 'x', distro: 'prod' };
  const host = { signal: new AbortController().signal, onProgress: () => undefined };
  const error = await failureOf(async () => await adoptImages(facts, host));
  assert.is(error.code, 'build-version-unproven');
  assert.not(existsSync(join(dir, 'a/board/image-prod/1.0.0/manifest.json')));
});

test.run();
