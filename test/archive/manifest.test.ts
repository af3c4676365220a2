import {
  appendFileSync,
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readUpdate, readVersion } from '../../src/archive/manifest.ts';
import { digestBytes } from '../../src/io/hash.ts';
import { sealJson } from '../../src/text/json.ts';
import { flip } from '../support/flip.ts';
import { deltaInfo, manifest } from '../support/manifests.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('archive/manifest');

/** A small archived version on disk. */
function archived(): string {
  const dir = join(scratch('manifest'), '0.1.0');
  mkdirSync(dir);
  const files = { 'rootfs.squashfs': 'hsqs image', 'build-info.txt': 'info' };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
  const listed = Object.entries(files).map(([path, content]) => ({
    path,
    role: 'collected' as const,
    ...digestBytes(content),
  }));
  writeFileSync(join(dir, 'manifest.json'), sealJson(manifest('0.1.0', { files: listed })));
  return dir;
}

async function problemsOf(dir: string): Promise<string[]> {
  const held = await readVersion(dir, '0.1.0');
  return held.state === 'damaged' ? held.problems : [];
}

const harms: Record<string, [harm: (path: string) => void, problem: RegExp]> = {
  'a flipped bit': [flip, /was modified|is not JSON/],
  'a lost byte': [
    (path) => truncateSync(path, readFileSync(path).length - 1),
    /has \d+ bytes, expected|was modified|is not JSON/,
  ],
  'an added byte': [(path) => appendFileSync(path, '\n'), /has \d+ bytes, expected|was modified/],
  'no file': [(path) => rmSync(path), /is missing/],
  'a link to the very same bytes': [
    (path) => {
      copyFileSync(path, `${path}.moved`);
      rmSync(path);
      symlinkSync(`${path}.moved`, path);
    },
    /was replaced by a symbolic link/,
  ],
  'a folder': [
    (path) => {
      rmSync(path);
      mkdirSync(path);
    },
    /is not a file/,
  ],
};

for (const name of ['rootfs.squashfs', 'build-info.txt', 'manifest.json']) {
  for (const [what, [harm, problem]] of Object.entries(harms)) {
    test(`${what} in place of ${name} is found and named`, async () => {
      const dir = archived();
      assert.equal(await problemsOf(dir), []);
      harm(join(dir, name));
      const problems = await problemsOf(dir);
      assert.is(problems.length, 1);
      assert.match(problems[0] ?? '', join(dir, name));
      assert.match(problems[0] ?? '', problem);
    });
  }
}

test('no folder is absent; a folder without a manifest is damaged; another version under the name too', async () => {
  const dir = archived();
  assert.equal(await readVersion(join(dir, 'nowhere'), '0.1.0'), { state: 'absent' });
  const moved = dir.replace(/0\.1\.0$/, '0.2.0');
  cpSync(dir, moved, { recursive: true });
  const held = await readVersion(moved, '0.2.0');
  assert.ok(held.state === 'damaged' && /is the manifest of version 0\.1\.0/.test(held.problems[0] ?? ''));
  rmSync(join(dir, 'manifest.json'));
  assert.match((await problemsOf(dir))[0] ?? '', /manifest\.json is missing/);
});

test('a whole folder replaced by a link is named', async () => {
  const dir = archived();
  renameSync(dir, `${dir}.moved`);
  symlinkSync(`${dir}.moved`, dir);
  assert.match((await problemsOf(dir))[0] ?? '', 'was replaced by a symbolic link');
});

test('a second name (hard link) of an archived file is no harm', async () => {
  const dir = archived();
  linkSync(join(dir, 'rootfs.squashfs'), `${dir}.second-name`);
  assert.equal(await problemsOf(dir), []);
});

test('a manifest of a later schema is not guessed at', async () => {
  const dir = archived();
  writeFileSync(join(dir, 'manifest.json'), sealJson({ ...manifest('0.1.0'), schema: 2 }));
  assert.match((await problemsOf(dir))[0] ?? '', 'has schema 2; this release-plan supports only schema 1');
});

test('an update under the name of another pair is damaged', async () => {
  const dir = scratch('update');
  writeFileSync(join(dir, 'delta-info.json'), sealJson(deltaInfo('0.1.0', '0.3.0')));
  assert.is((await readUpdate(dir, '0.1.0', '0.3.0')).state, 'whole');
  const held = await readUpdate(dir, '0.2.0', '0.3.0');
  assert.ok(held.state === 'damaged' && /is the delta-info of 0\.1\.0 -> 0\.3\.0/.test(held.problems[0] ?? ''));
});

test.run();
