/** `validate --with-archive` on real images: what their superblocks say of the deltas between them. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerValidate } from '../../../src/commands/validate.ts';
import { digestBytes } from '../../../src/io/hash.ts';
import { handMade } from '../../support/archive.ts';
import { runCommand } from '../../support/command.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('delivery: image kinds');

const PLAIN = ['-noI', '-noD', '-noF', '-noX'];

/** What is told of a plan whose versions, from the oldest on, have images made by mksquashfs with these options. */
async function told(
  options: ReadonlyArray<readonly string[]>,
  changes: Record<string, unknown> = {},
): Promise<string[]> {
  const made = handMade(scratch('archived-kinds'));
  made.write({
    partitions: [
      {
        name: 'rootfs',
        file: 'rootfs.squashfs',
        read_only: true,
        slots: { a: '/dev/a', b: '/dev/b' },
        version_file: '/etc/buildinfo',
        delta: 'rdiff',
        ...changes,
      },
    ],
  });
  const tree = join(made.dir, 'tree');
  mkdirSync(tree);
  copyFileSync('/bin/ls', join(tree, 'ls'));
  for (const [index, one] of options.entries()) {
    const version = `0.${index + 1}.0`;
    const image = join(made.dir, 'image');
    execFileSync('mksquashfs', [tree, image, '-noappend', ...one], { stdio: 'ignore' });
    made.archive(version, {
      files: [{ path: 'rootfs.squashfs', role: 'image', partition: 'rootfs', ...digestBytes(readFileSync(image)) }],
    });
    copyFileSync(image, join(made.version(version), 'rootfs.squashfs'));
  }
  const run = await runCommand(registerValidate, ['validate', 'plan.yml', '--with-archive', '--format', 'json'], {
    cwd: made.dir,
  });
  if (run.failure !== undefined) throw run.failure;
  const { diagnostics } = JSON.parse(run.stdout) as {
    diagnostics: Array<{ code: string; severity: string; message: string; where?: { line: number } }>;
  };
  return diagnostics
    .filter(({ code }) => code === 'image-kind-large-deltas')
    .map(({ severity, message }) => `${severity}: ${message}`);
}

test('the newest archived image is judged, by its compression and the size of its blocks', async () => {
  const [only, ...others] = await told([PLAIN, PLAIN, ['-comp', 'zstd', '-b', '1M']]);
  assert.equal(others, []);
  assert.match(
    only ?? '',
    /^warning: rootfs of the archived 0\.3\.0 is squashfs \(zstd, 1024 KiB blocks\): .* \d\.\d times/,
  );
  assert.match(
    (await told([PLAIN, ['-comp', 'gzip']]))[0] ?? '',
    /archived 0\.2\.0 is squashfs \(gzip, 128 KiB blocks\)/,
  );
});

test('an uncompressed one, and one without fragments, are as they should be', async () => {
  assert.equal(await told([['-comp', 'xz'], ['-comp', 'xz'], PLAIN]), []);
  assert.equal(await told([['-comp', 'zstd', '-no-fragments']]), []);
});

test('a kind that the name tells too is told once, as the archive has it', async () => {
  const [only, ...others] = await told([['-comp', 'xz', '-b', '1M']], { file: 'rootfs.squashfs-xz' });
  assert.equal(others, []);
  assert.match(only ?? '', /archived 0\.1\.0 is squashfs \(xz, 1024 KiB blocks\)/);
  assert.match(
    (await told([], { file: 'rootfs.squashfs-xz' }))[0] ?? '',
    /by default, deltas of squashfs \(xz, 128 KiB/,
  );
});

test('nothing is told of a partition that is updated as a whole, nor without an archive', async () => {
  assert.equal(await told([['-comp', 'zstd']], { delta: 'none' }), []);
  assert.equal(await told([]), []);
});

test.run();
