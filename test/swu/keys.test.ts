import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { resolveKey, toArgument, withPrivateFolder } from '../../src/swu/keys.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('swu/keys');
const planDir = scratch('keys');
const PEM = '-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----';

test('a path starts at the plan, also when the environment gives it', () => {
  const env = { KEY: 'keys/a.pem', DIR: '/srv/keys', ABSOLUTE: '/k.pem' };
  assert.equal(resolveKey('keys/a.pem', { env, planDir }), { kind: 'path', path: join(planDir, 'keys/a.pem') });
  assert.equal(resolveKey('${KEY}', { env, planDir }), { kind: 'path', path: join(planDir, 'keys/a.pem') });
  assert.equal(resolveKey('${ABSOLUTE}', { env, planDir }), { kind: 'path', path: '/k.pem' });
  assert.equal(resolveKey('${DIR}/b.pem', { env, planDir }), { kind: 'path', path: '/srv/keys/b.pem' });
});

test('PEM text and PKCS#11 URIs are told from paths', () => {
  const env = { PEM, URI: 'pkcs11:token=a;object=b' };
  assert.equal(resolveKey('${PEM}', { env, planDir }), { kind: 'pem', text: PEM });
  assert.equal(resolveKey('${URI}', { env, planDir }), { kind: 'pkcs11', uri: env.URI });
  assert.equal(resolveKey('pkcs11:object=c', { env, planDir }), { kind: 'pkcs11', uri: 'pkcs11:object=c' });
});

const failureOf = async (action: () => unknown): Promise<ReleasePlanError> => {
  try {
    await action();
  } catch (error) {
    assert.instance(error, ReleasePlanError);
    return error as ReleasePlanError;
  }
  return assert.unreachable() as never;
};

test('a variable that is not set or empty, and a file that is not there, are named', async () => {
  const unset = await failureOf(() => resolveKey('${SWU_KEY}', { env: {}, planDir }));
  assert.is(unset.code, 'signing-key-missing');
  assert.match(unset.message, /SWU_KEY is not set/);
  assert.match(
    (await failureOf(() => resolveKey('${SWU_KEY}', { env: { SWU_KEY: '' }, planDir }))).message,
    /SWU_KEY is empty/,
  );
  const absent = await failureOf(() =>
    toArgument({ kind: 'path', path: join(planDir, 'absent.pem') }, '${SWU_KEY}', planDir, 'key'),
  );
  assert.is(absent.code, 'signing-key-missing');
  assert.match(absent.message, '${SWU_KEY}: the file does not exist');
});

test('a key or PIN in the plan itself is refused without being repeated', async () => {
  for (const written of [PEM, 'pkcs11:token=a?pin-value=secret']) {
    const failure = await failureOf(() => resolveKey(written, { env: {}, planDir }));
    assert.is(failure.code, 'signing-key-in-plan');
    assert.not(failure.message.includes('secret'));
  }
});

test('secrets lie in a folder of their own for as long as they are needed', async () => {
  const seen = await withPrivateFolder(async (folder) => {
    assert.is(statSync(folder).mode & 0o777, 0o700);
    const key = await toArgument({ kind: 'pem', text: PEM }, '${KEY}', folder, 'key');
    assert.is(statSync(key.value).mode & 0o777, 0o600);
    assert.is(readFileSync(key.value, 'utf8'), `${PEM}\n`);
    const token = await toArgument(
      { kind: 'pkcs11', uri: 'pkcs11:token=a;object=b?module-path=/x.so&pin-value=12%2034' },
      '${KEY}',
      folder,
      'key',
    );
    assert.ok(token.engine);
    assert.is(token.value, `pkcs11:token=a;object=b?module-path=/x.so&pin-source=file:${join(folder, 'pin')}`);
    assert.is(readFileSync(join(folder, 'pin'), 'utf8'), '12 34');
    assert.is(statSync(join(folder, 'pin')).mode & 0o777, 0o600);
    return folder;
  });
  assert.not(existsSync(seen));
  let failed = '';
  await withPrivateFolder(async (folder) => {
    failed = folder;
    writeFileSync(join(folder, 'key'), PEM);
    throw new Error('while it was in use');
  }).catch(() => undefined);
  assert.not(existsSync(failed));
});

test.run();
