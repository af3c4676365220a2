import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { attributed } from '../../src/io/attribute.ts';

const test = suite('io/attribute');

const systemError = (code: string, more: object = {}): Error =>
  Object.assign(new Error(`${code}: no more, write`), { code, syscall: 'write', ...more });

async function failureOf(body: Promise<unknown>): Promise<ReleasePlanError> {
  try {
    await body;
  } catch (error) {
    if (error instanceof ReleasePlanError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

const fails = (cause: Error) => async (): Promise<never> => await Promise.reject(cause);

for (const [errno, code] of [
  ['EIO', 'io-failed'],
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
] as const)
  test(`${errno} without a path gets one, and is ${code}`, async () => {
    const error = await failureOf(attributed('/a/b', fails(systemError(errno))));
    assert.is(error.code, code);
    assert.match(error.message, /^\/a\/b: /);
  });

test('a full disk is told with the bytes of the outermost step that writes there', async () => {
  const inner = async (): Promise<never> => await attributed('/a/b/file', fails(systemError('ENOSPC')), 10);
  const error = await failureOf(attributed('/a/b', inner, 4096));
  assert.is(error.code, 'disk-full');
  assert.match(error.message, '/a/b: 4096 bytes');
});

test('a step leaves a full disk elsewhere as it was told, unless its folder holds that too', async () => {
  const elsewhere = async (): Promise<never> => await attributed('/a/other/folder', fails(systemError('ENOSPC')));
  const apart = await failureOf(attributed('/a/trash/folder', elsewhere, 4096));
  assert.match(apart.message, /^\/a\/other\/folder: /);
  const within = await failureOf(attributed('/a/trash/folder', elsewhere, 4096, { within: '/a' }));
  assert.match(within.message, '/a/trash/folder: 4096 bytes');
});

test.run();
