import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decryptBytes, encryptBytes, freshIv, readAesKey } from '../../src/swu/aes.ts';
import { buildSwu } from '../../src/swu/build.ts';
import { listMembers } from '../../src/swu/cpio.ts';
import { inspectSwu, type InspectRequest } from '../../src/swu/inspect.ts';
import { verifySignature } from '../../src/swu/verify.ts';
import { failureOf } from '../support/failure.ts';
import { scratch } from '../support/scratch.ts';
import { makeKeys } from '../support/signing.ts';
import { deltaPartition, makeRelease, requestFor, SWU } from '../support/swupdate.ts';

/** Encrypted packages: openssl decrypts them, and every check of ours holds on them. swu/install installs them. */
const test = suite('swu/aes');
const work = scratch('encrypt');
const keys = makeKeys('encrypt-keys').dir;
const release = makeRelease(work);
const [KEY, IV] = ['0123456789abcdef'.repeat(4), 'fedcba9876543210'.repeat(2)];
writeFileSync(join(keys, 'aes'), `${KEY} ${IV}\n`);
writeFileSync(join(keys, 'other-aes'), `${'9'.repeat(64)} ${IV}\n`);
const context = { env: {}, planDir: keys };
const aes = await readAesKey('aes', context);
const rootfs = deltaPartition(release, { slots: { a: '/dev/a', b: '/dev/b' } });

const build = async (name: string, description: boolean) => {
  const out = join(work, name);
  const swu = { ...SWU, encrypt: { key: 'aes', description } };
  return { out, built: await buildSwu(requestFor(keys, out, [rootfs], { swu })) };
};
const inspect = async (path: string, over: Partial<InspectRequest> = {}) =>
  await inspectSwu(path, {
    workDir: join(work, 'opened'),
    trust: { method: 'cms', public: 'ec.crt', ...context },
    ...over,
  });
async function memberOf(path: string, name: string): Promise<Buffer> {
  const member = (await listMembers(path)).find((one) => one.name === name);
  assert.ok(member, name);
  return readFileSync(path).subarray(member.offset, member.offset + member.sizeBytes);
}
/** By openssl, as a second opinion. */
const opened = (bytes: Buffer, iv: string): Buffer =>
  execFileSync('openssl', ['enc', '-d', '-aes-256-cbc', '-K', KEY, '-iv', iv], { input: bytes, maxBuffer: 1e8 });

test('openssl decrypts each payload by its own iv, and finds the compressed delta', async () => {
  const { out } = await build('images.swu', false);
  const found = await inspect(out, { aes });
  const entries = found.description?.views.flatMap((one) =>
    one.entries.filter((two) => two.filename?.includes('rootfs')),
  );
  assert.is(entries?.length, 2);
  const [entry] = entries ?? [];
  assert.ok(entry?.isEncrypted);
  assert.is.not(entry.iv, IV);
  const gzipped = opened(await memberOf(out, 'rootfs.delta.gz'), entry.iv ?? '');
  assert.ok(gunzipSync(gzipped).equals(readFileSync(release.paths.delta)), 'compressed first, then encrypted');
  const again = await inspect((await build('again.swu', false)).out, { aes });
  assert.is.not(again.description?.views[0]?.entries[0]?.iv, entry.iv, 'another package has another iv');
});

test('every check holds on encrypted packages, with and without an encrypted description', async () => {
  for (const description of [false, true]) {
    const { out } = await build(`checked-${description}.swu`, description);
    const { checks, findings, payloads, decrypted } = await inspect(out, { aes, version: '0.2.0' });
    assert.equal(
      checks.map((one) => `${one.check} ${one.result}`),
      ['archive', 'checksums', 'signature', 'description', 'version', 'members', 'decryption'].map(
        (one) => `${one} pass`,
      ),
    );
    assert.equal(findings, []);
    assert.equal(payloads.get('rootfs.delta.gz'), { storedAs: 'zlib', isDelta: true });
    assert.is(
      decrypted.get('rootfs.delta.gz'),
      execFileSync('sha256sum', [release.paths.deltaGz], { encoding: 'utf8' }).slice(0, 64),
    );
  }
});

test("an encrypted description is openssl's, and its signature is over the text", async () => {
  const { out } = await build('description.swu', true);
  const stored = await memberOf(out, 'sw-description');
  assert.not(stored.includes('software'));
  const text = opened(stored, IV);
  assert.match(text.toString(), /^software =/);
  const [plain, signature] = [join(work, 'plain'), join(work, 'plain.sig')];
  writeFileSync(plain, text);
  writeFileSync(signature, await memberOf(out, 'sw-description.sig'));
  assert.ok((await verifySignature(plain, signature, { method: 'cms', public: 'ec.crt', ...context })).valid);
});

test('without the key, or with another one, what cannot be known fails or is not checked', async () => {
  const { out } = await build('hidden.swu', true);
  const blind = await inspect(out);
  assert.match(blind.checks.find((one) => one.check === 'description')?.detail ?? '', /encrypted.*its key is needed/);
  const wrong = await readAesKey('other-aes', context);
  const misled = await inspect(out, { aes: wrong });
  assert.is(misled.checks.find((one) => one.check === 'description')?.result, 'fail');
  const images = (await build('half.swu', false)).out;
  const unread = await inspect(images);
  assert.is(unread.checks.find((one) => one.check === 'decryption')?.result, 'not-checked');
  assert.equal(unread.findings, []);
  assert.is((await inspect(images, { aes: wrong })).checks.find((one) => one.check === 'decryption')?.result, 'fail');
});

test('whatever is encrypted comes back, for each length of key', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(16, 24, 32), (bytes, length) => {
      const key = { key: Buffer.alloc(length, 7), iv: freshIv() };
      const stored = encryptBytes(bytes, key);
      assert.is(stored.length % 16, 0);
      assert.ok(decryptBytes(stored, key)?.equals(bytes));
    }),
  );
});

test('keys come from a file, from a path in the environment, or from the environment itself', async () => {
  for (const [written, env] of [
    ['aes', {}],
    ['${K}', { K: 'aes' }],
    ['${K}', { K: ` ${KEY}  ${IV}\n` }],
  ] as const) {
    const found = await readAesKey(written, { env, planDir: keys });
    assert.equal([found.key.toString('hex'), found.iv.toString('hex')], [KEY, IV]);
  }
});

test('a key that is missing or is none is told by its name in the plan, never by its text', async () => {
  const secret = 'deadbeef'.repeat(7);
  writeFileSync(join(keys, 'short'), secret);
  const missing = await failureOf(() => readAesKey('absent', context));
  assert.is(missing.code, 'encryption-key-missing');
  const unset = await failureOf(() => readAesKey('${K}', context));
  assert.is(unset.code, 'encryption-key-missing');
  assert.match(unset.hint ?? '', 'a path or the key itself');
  for (const [written, env] of [
    ['short', {}],
    ['/dev/zero', {}],
    ['.', {}],
  ] as const) {
    const failure = await failureOf(() => readAesKey(written, { env, planDir: keys }));
    assert.is(failure.code, 'encryption-key-unreadable', written);
    assert.not(failure.message.includes(secret));
  }
  const inEnvironment = await failureOf(() => readAesKey('${K}', { env: { K: secret }, planDir: keys }));
  assert.not(`${inEnvironment.message} ${inEnvironment.hint}`.includes(secret));
});

test.run();
