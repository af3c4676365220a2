import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { digestFile } from '../../src/io/hash.ts';
import { addPadding, packSwu, tripsOldClients } from '../../src/swu/pack.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('swu/pack');
const work = scratch('pack');
const out = join(work, 'x.swu');
const member = (name: string, sizeBytes = 10) => ({ name, bytes: Buffer.alloc(sizeBytes, name) });

test('sw-description and its signature come first, whatever the order given', async () => {
  const packed = await packSwu({
    members: [member('b'), member('sw-description.sig'), member('a', 300_000), member('sw-description')],
    out,
  });
  assert.equal(packed.members, ['sw-description', 'sw-description.sig', 'b', 'a']);
  assert.is(
    execFileSync('cpio', ['-t', '--quiet'], { input: readFileSync(out), encoding: 'utf8' }),
    'sw-description\nsw-description.sig\nb\na\n',
  );
  assert.equal({ sizeBytes: packed.sizeBytes, sha256: packed.sha256 }, await digestFile(out));
});

test('GNU cpio finds every checksum right', async () => {
  await packSwu({ members: [member('sw-description'), member('payload', 1_000_000)], out });
  execFileSync('cpio', ['-i', '--only-verify-crc', '--quiet'], {
    input: readFileSync(out),
    stdio: ['pipe', 'ignore', 'pipe'],
  });
});

test('padding is there below the limit of old clients and not above it', async () => {
  const small = await packSwu({ members: [member('sw-description'), member('payload', 200_000)], out });
  assert.ok(small.padded);
  assert.is(small.members.at(-1), 'padding');
  const large = await packSwu({ members: [member('sw-description'), member('payload', 262_144)], out });
  assert.not(large.padded);
  assert.not(large.members.includes('padding'));
});

test('padding added later gives the bytes of a package that was packed with it', async () => {
  const members = [member('sw-description'), member('payload', 1001)];
  await packSwu({ members, out });
  const packed = await digestFile(out);
  await packSwu({ members, out, padding: false });
  assert.ok(await tripsOldClients(out));
  await addPadding(out);
  assert.equal(await digestFile(out), packed);
  assert.not(await tripsOldClients(out));
});

const refused = async (...names: string[]): Promise<string> => {
  const failure = await packSwu({ members: names.map((name) => member(name)), out }).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.instance(failure, ReleasePlanError);
  assert.is((failure as ReleasePlanError).code, 'swu-member');
  return (failure as ReleasePlanError).message;
};

test('names that SWUpdate would extract elsewhere or trip over are refused', async () => {
  for (const name of ['../x', '/etc/passwd', 'a/b', '..', '.hidden', 'a b', 'a\n', '', 'ä', "a'", 'padding']) {
    assert.ok((await refused('sw-description', name)).startsWith(JSON.stringify(name)), name);
  }
});

test('duplicates and a missing sw-description are refused', async () => {
  assert.match(
    await refused('sw-description', 'rootfs.delta', 'rootfs.delta'),
    '"rootfs.delta" would be in the .swu twice',
  );
  assert.match(await refused('rootfs.delta'), 'requires a member sw-description');
});

test.run();
