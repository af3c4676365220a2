import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readSecret } from '../../src/io/secret.ts';
import { failureOf } from '../support/failure.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('secret');

test('comes from the environment', async () => {
  assert.is(await readSecret({ env: 'PASSWORD' }, 'x', { PASSWORD: ' with spaces ' }), ' with spaces ');
  for (const env of [{}, { PASSWORD: '' }])
    assert.is((await failureOf(() => readSecret({ env: 'PASSWORD' }, 'x', env))).code, 'secret-missing');
});

test('comes from a file that nobody else may read', async () => {
  const file = join(scratch('secret'), 'password');
  assert.is((await failureOf(() => readSecret({ file }, 'x', {}))).code, 'secret-missing');
  writeFileSync(file, 'hush\n');
  for (const mode of [0o644, 0o640, 0o604, 0o601]) {
    chmodSync(file, mode);
    const failure = await failureOf(() => readSecret({ file }, 'x', {}));
    assert.is(failure.code, 'secret-exposed');
    assert.match(failure.hint ?? '', 'chmod 600');
    assert.not(failure.message.includes('hush'));
  }
  for (const mode of [0o600, 0o400]) {
    chmodSync(file, mode);
    assert.is(await readSecret({ file }, 'x', {}), 'hush');
  }
});

test.run();
