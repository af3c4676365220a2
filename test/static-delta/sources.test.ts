/** Which file a new one is made from: pure, so on lists of names. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chooseSources, withoutVersion, type Candidate } from '../../src/static-delta/sources.ts';

const test = suite('static-delta/sources');

const files = (...rows: Array<[path: string, sizeBytes: number]>): Candidate[] =>
  rows.map(([path, sizeBytes]) => ({ path, checksum: `of ${path} ${sizeBytes}`, sizeBytes }));

/** The chosen sources by paths. */
const chosen = (fresh: Candidate[], old: Candidate[]): Record<string, string> =>
  Object.fromEntries(
    [...chooseSources(fresh, old)].map(([checksum, source]) => [
      fresh.find((one) => one.checksum === checksum)?.path,
      source.path,
    ]),
  );

test('names without their versions', () => {
  const same = [
    ['libfoo.so.1.2.3', 'libfoo.so.1.2.4'],
    ['libfoo.so.1.2.3', 'libfoo.so.2'],
    ['vmlinuz-6.1.0-9-amd64', 'vmlinuz-6.1.0-26-amd64'],
    ['x.cpython-311.pyc', 'x.cpython-312.pyc'],
  ];
  for (const [a, b] of same) assert.is(withoutVersion(a ?? ''), withoutVersion(b ?? ''));
  assert.is.not(withoutVersion('libfoo.so.1'), withoutVersion('libbar.so.1'));
});

test('the same path first, whatever its size; then the same name in the most similar folder, of a similar size', () => {
  assert.equal(chosen(files(['usr/bin/a', 100]), files(['usr/bin/a', 9000], ['usr/sbin/a', 100])), {
    'usr/bin/a': 'usr/bin/a',
  });
  assert.equal(
    chosen(
      files(['usr/lib/x/libfoo.so.1.3', 1000]),
      files(['opt/libfoo.so.1.2', 1000], ['usr/lib/x/libfoo.so.1.2', 900], ['usr/lib/libfoo.so.1.2', 1000]),
    ),
    { 'usr/lib/x/libfoo.so.1.3': 'usr/lib/x/libfoo.so.1.2' },
  );
  assert.equal(
    chosen(
      files(['lib/modules/6.1.2/net.ko', 500]),
      files(['lib/modules/6.1.1/net.ko', 510], ['lib/modules/6.1.1/old/net.ko', 500]),
    ),
    { 'lib/modules/6.1.2/net.ko': 'lib/modules/6.1.1/net.ko' },
  );
  assert.equal(chosen(files(['b/name', 100]), files(['a/name', 500])), {});
  assert.equal(chosen(files(['b/name', 100]), []), {});
});

test('a file of several paths takes the one that has a source', () => {
  const fresh = ['new/name', 'usr/bin/tool'].map((path) => ({ path, checksum: 'one', sizeBytes: 10 }));
  assert.equal(
    [...chooseSources(fresh, files(['usr/bin/tool', 10]))].map(([checksum, source]) => [checksum, source.path]),
    [['one', 'usr/bin/tool']],
  );
});

test.run();
