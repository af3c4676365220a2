import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { differencesBetween } from '../../../src/kas/image/differences.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('kas: what differs between two images');
const THEN = new Date('2026-01-01T00:00:00Z');

/** @param files name -> content; all of them of one time */
function tree(name: string, files: Record<string, string | Buffer>): string {
  const dir = join(scratch(`tree-${name}`), 'root');
  mkdirSync(dir);
  for (const [file, content] of Object.entries(files)) {
    writeFileSync(join(dir, file), content);
    utimesSync(join(dir, file), THEN, THEN);
  }
  return dir;
}

const BUILD_PATHS = ['/home/one/build', '/home/two/build'];
const compare = async (before: string, after: string): Promise<string[]> =>
  (await differencesBetween(before, after, { buildPaths: BUILD_PATHS })).map(({ path, what, cause }) =>
    [path, what, ...(cause === undefined ? [] : [cause.split(':')[0]])].join(', '),
  );

test('equal trees differ nowhere', async () => {
  const files = { a: 'one', b: 'two' };
  assert.equal(await compare(tree('same', files), tree('same', files)), []);
});

test('each kind of difference is told, with the cause that its bytes show', async () => {
  const zipped = (time: number): Buffer => {
    const bytes = gzipSync('same content');
    bytes.writeUInt32LE(time, 4);
    return bytes;
  };
  const before = tree('before', {
    'gone': '',
    'date': 'built on 2026-01-01 by a compiler',
    'path': 'prefix=/home/one/build/tmp',
    'order': 'b\na\n',
    'other': 'some bytes',
    'page.gz': zipped(1),
    'module.pyc': 'x1',
    'later': 'the same',
  });
  const after = tree('after', {
    'come': '',
    'date': 'built on 2026-01-02 by a compiler',
    'path': 'prefix=/home/two/build/tmp',
    'order': 'a\nb\n',
    'other': 'more bytes',
    'page.gz': zipped(2),
    'module.pyc': 'x2',
    'later': 'the same',
  });
  utimesSync(join(after, 'later'), THEN, new Date('2026-01-02T00:00:00Z'));
  symlinkSync('a', join(before, 'link'));
  symlinkSync('b', join(after, 'link'));
  assert.equal(await compare(before, after), [
    '/come, only-after',
    '/date, content, a time in the file',
    '/gone, only-before',
    '/later, time, timestamps',
    '/link, link',
    '/module.pyc, content, times or hash seed in compiled Python',
    '/order, content, the order of its lines',
    '/other, content',
    '/page.gz, content, a time in the header of gzip',
    '/path, content, the path of the build',
  ]);
});

test.run();
