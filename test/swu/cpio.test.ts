import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import {
  addToChecksum,
  archiveBytes,
  listMembers,
  streamMember,
  writeArchive,
  type MemberSource,
} from '../../src/swu/cpio.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('swu/cpio');
const work = scratch('cpio');

/** What GNU cpio makes of the same members, staged as files. */
function reference(members: ReadonlyArray<{ name: string; bytes: Uint8Array }>, mtimeSeconds: number): Buffer {
  const dir = mkdtempSync(join(work, 'staged-'));
  for (const { name, bytes } of members) {
    writeFileSync(join(dir, name), bytes, { mode: 0o644 });
    utimesSync(join(dir, name), mtimeSeconds, mtimeSeconds);
  }
  return execFileSync('cpio', ['-o', '-H', 'crc', '--reproducible', '--quiet', '-R', '+0:+0'], {
    cwd: dir,
    maxBuffer: 16 * 1024 * 1024,
    input: members.map((one) => `${one.name}\n`).join(''),
  });
}

async function written(members: readonly MemberSource[], mtimeSeconds = 0): Promise<Buffer> {
  const out = join(work, 'archive.cpio');
  await writeArchive(members, out, mtimeSeconds);
  return readFileSync(out);
}

test('the bytes are those of GNU cpio, for any names, contents and times', async () => {
  const member = fc.record({
    name: fc.stringMatching(/^[a-z][a-z0-9._-]{0,40}$/),
    bytes: fc.uint8Array({ maxLength: 3000 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(member, { minLength: 1, maxLength: 5, selector: (one) => one.name }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      async (members, mtime) => {
        const bytes = await written(members, mtime);
        assert.ok(bytes.equals(reference(members, mtime)));
        const sized = members.map((one) => ({ name: one.name, sizeBytes: one.bytes.length }));
        assert.is(Math.ceil(archiveBytes(sized) / 512) * 512, bytes.length);
      },
    ),
    { numRuns: 40 },
  );
});

test('files are read as bytes at hand are', async () => {
  const bytes = new Uint8Array(3 * 1024 * 1024).fill(0xff);
  writeFileSync(join(work, 'big'), bytes);
  const fromFile = await written([{ name: 'big', path: join(work, 'big') }]);
  assert.ok(fromFile.equals(await written([{ name: 'big', bytes }])));
  assert.ok(fromFile.equals(reference([{ name: 'big', bytes }], 0)));
});

test('checksums wrap at 32 bits', () => {
  assert.is(addToChecksum(0xffff_fff0, Uint8Array.of(0x0f)), 0xffff_ffff);
  assert.is(addToChecksum(0xffff_fff0, Uint8Array.of(0x10, 0x02)), 2);
});

test('what is written is listed with its place, and streams back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 4 }), async (contents) => {
      const path = join(work, 'archive.cpio');
      await writeArchive(
        contents.map((bytes, index) => ({ name: `member-${index}`, bytes })),
        path,
        0,
      );
      const members = await listMembers(path);
      assert.equal(
        members.map((one) => one.name),
        contents.map((_one, index) => `member-${index}`),
      );
      for (const [index, member] of members.entries()) {
        const chunks: Uint8Array[] = [];
        for await (const chunk of streamMember(path, member)) chunks.push(chunk);
        assert.ok(Buffer.concat(chunks).equals(Buffer.from(contents[index] ?? [])));
        assert.is(member.checksum, addToChecksum(0, Buffer.concat(chunks)));
      }
    }),
    { numRuns: 30 },
  );
});

test('a member of 4 GiB is refused before anything is read', async () => {
  const path = join(work, 'huge');
  writeFileSync(path, '');
  truncateSync(path, 2 ** 32);
  const failure = await written([{ name: 'huge', path }]).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.instance(failure, ReleasePlanError);
  assert.is((failure as ReleasePlanError).code, 'swu-member');
  assert.match((failure as ReleasePlanError).message, '4294967296 bytes');
});

test('newc archives of other tools are read, and told apart', async () => {
  const dir = join(work, 'newc');
  mkdirSync(dir);
  writeFileSync(join(dir, 'one'), 'content');
  const path = join(work, 'newc.cpio');
  writeFileSync(path, execFileSync('cpio', ['-o', '-H', 'newc', '--quiet'], { cwd: dir, input: 'one\n' }));
  assert.equal(
    (await listMembers(path)).map(({ name, format, sizeBytes }) => ({ name, format, sizeBytes })),
    [{ name: 'one', format: 'newc', sizeBytes: 7 }],
  );
});

test('what is no archive, or ends early, is named with its place', async () => {
  const path = join(work, 'bad.cpio');
  const good = await written([
    { name: 'one', bytes: Buffer.alloc(100, 1) },
    { name: 'two', bytes: Buffer.alloc(100, 2) },
  ]);
  const cases: Array<[Buffer, RegExp]> = [
    [Buffer.alloc(0), /ends without its trailer at byte 0/],
    [Buffer.alloc(500, 'x'), /not a cpio header in crc or newc format at byte 0/],
    [good.subarray(0, 150), /"one" ends past the end of the file/],
    [good.subarray(0, 230), /ends without its trailer at byte 216/],
    [Buffer.from(good.toString('latin1').replace('070702', '070707'), 'latin1'), /not a cpio header/],
    [
      execFileSync('cpio', ['-o', '-H', 'odc', '--quiet'], { cwd: work, maxBuffer: 16 * 1024 * 1024, input: 'big\n' }),
      /not a cpio header/,
    ],
  ];
  for (const [bytes, expected] of cases) {
    writeFileSync(path, bytes);
    const failure = await listMembers(path).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.is((failure as ReleasePlanError | undefined)?.code, 'swu-damaged');
    assert.match((failure as ReleasePlanError).message, expected);
  }
});

test.run();
