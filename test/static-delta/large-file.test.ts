/** Files that are matched a window at a time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkStaticDelta } from '../../src/static-delta/check.ts';
import type { Encoded } from '../../src/static-delta/encoded.ts';
import { generateStaticDeltas } from '../../src/static-delta/generate.ts';
import { encodeLargeFile } from '../../src/static-delta/large-file.ts';
import { Matcher } from '../../src/static-delta/matcher.ts';
import { deltaFolder } from '../../src/static-delta/names.ts';
import { readFileHead } from '../../src/static-delta/objects.ts';
import { readOperations } from '../../src/static-delta/operations.ts';
import { readSuperblock } from '../../src/static-delta/superblock.ts';
import { TreeReader } from '../../src/static-delta/tree.ts';
import { loadMatcher } from '../../src/static-delta/wasm.ts';
import { noise } from '../support/ostree.ts';
import { scratch } from '../support/scratch.ts';
import { pullDelta } from './client.ts';
import { commitTree, newRepository } from './repositories.ts';

const test = suite('static-delta/large-file');

/** Runs the operations of one file, as a client does. */
function applied({ payload, operations }: Encoded, source: Buffer): Buffer {
  const part = {
    modes: [{ uid: 0, gid: 0, mode: 0 }],
    xattrs: [Buffer.alloc(0)],
    payload: Buffer.concat(payload),
    operations: Buffer.from(operations),
  };
  const pieces = readOperations(part, [{ type: 'file', checksum: 'a'.repeat(64) }]).flatMap((one) =>
    one.kind === 'write'
      ? [(one.from === 'source' ? source : part.payload).subarray(one.offset, one.offset + one.sizeBytes)]
      : [],
  );
  return Buffer.concat(pieces);
}

test('files are made again, whatever moves between and beyond the windows', async () => {
  const matcher = new Matcher(await loadMatcher());
  const repo = await newRepository('windows');
  const windows = { sizeBytes: 4096, nearBytes: 2048 };
  const piece = fc.oneof(
    fc.tuple(fc.constant('old' as const), fc.nat(30_000), fc.nat(9000)),
    fc.tuple(fc.constant('new' as const), fc.nat(5), fc.nat(3000)),
  );
  const old = noise('old', 30_000);
  const from = await commitTree(repo, { one: { content: old } });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 8 }), async (pieces) => {
      const content = Buffer.concat([
        ...pieces.map(([kind, at, size]) => (kind === 'old' ? old.subarray(at, at + size) : noise(`new ${at}`, size))),
        Buffer.from('end'),
      ]);
      const to = await commitTree(repo, { one: { content } });
      const fileOf = (commit: string) => {
        const checksum = new TreeReader(repo).read(commit).files[0]?.checksum ?? '';
        return { checksum, head: readFileHead(repo, checksum) };
      };
      const pair = { repo, file: fileOf(to), source: fileOf(from), scratch: scratch('large') };
      const encoded = await encodeLargeFile(matcher, pair, { mode: 0, xattrs: 0 }, 0, windows);
      assert.ok(encoded !== undefined);
      assert.ok(applied(encoded, old).equals(content));
    }),
    { numRuns: 12 },
  );
});

test('what has only moved a little is copied, and a client takes it', async () => {
  const repo = await newRepository('large');
  // Compressible, so that the test is about windows and not about zlib.
  const old = Buffer.concat(
    Array.from({ length: 70 }, (_, index) =>
      Buffer.concat([noise(`block ${index}`, 5000), Buffer.alloc(995_000, index)]),
    ),
  );
  const content = Buffer.concat([
    noise('head', 1000),
    old.subarray(0, 40_000_000),
    noise('middle', 2000),
    old.subarray(40_003_000),
  ]);
  const pair = {
    from: await commitTree(repo, { one: { content: old } }),
    to: await commitTree(repo, { one: { content } }),
  };
  const [made] = await generateStaticDeltas(repo, pair.to, [pair.from], { level: 2 });
  assert.ok((made?.sizeBytes ?? Infinity) < 20_000, `${made?.sizeBytes} bytes`);
  assert.equal(await checkStaticDelta(new TreeReader(repo), pair, { operations: true }), []);
  await pullDelta(repo, pair);
});

test('what is mostly new is left to be fetched by itself', async () => {
  const repo = await newRepository('mostly-new');
  const bytes = (name: string): Buffer =>
    Buffer.concat(Array.from({ length: 66 }, (_, index) => Buffer.alloc(1_000_000, noise(`${name} ${index}`, 1000))));
  const pair = {
    from: await commitTree(repo, { one: { content: bytes('old') } }),
    to: await commitTree(repo, { one: { content: bytes('new') }, two: { content: '2' } }),
  };
  await generateStaticDeltas(repo, pair.to, [pair.from], { level: 2 });
  const { fallbacks, parts } = readSuperblock(readFileSync(join(deltaFolder(repo, pair), 'superblock')));
  assert.equal(
    fallbacks.map(({ uncompressedBytes }) => uncompressedBytes),
    [66_000_000],
  );
  assert.ok(parts.every(({ uncompressedBytes }) => uncompressedBytes < 1000));
  assert.equal(await checkStaticDelta(new TreeReader(repo), pair, { operations: true }), []);
  await pullDelta(repo, pair);
});

test.run();
