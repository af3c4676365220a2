/** What a plan names is read only when it is a regular file of a sane size; nothing else is waited for. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openRegular, readRegularText, requireRegular } from '../../src/io/regular.ts';
import { failureOf } from '../support/failure.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('io: regular files');
const dir = scratch('regular');
const at = (name: string): string => join(dir, name);

test('a regular file is read whole, also through a link, also when it is empty', async () => {
  writeFileSync(at('file'), 'some text\n');
  writeFileSync(at('empty'), '');
  symlinkSync('file', at('link'));
  assert.is(await readRegularText(at('file')), 'some text\n');
  assert.is(await readRegularText(at('link')), 'some text\n');
  assert.is(await readRegularText(at('empty')), '');
});

test('a file of several pieces is read whole', async () => {
  const text = 'x'.repeat(3_000_001);
  writeFileSync(at('long'), text);
  assert.ok((await readRegularText(at('long'))) === text);
});

execFileSync('mkfifo', [at('pipe')]);
mkdirSync(at('folder'));
for (const [what, path] of Object.entries({
  'a pipe that nobody writes': at('pipe'),
  'a device without an end': '/dev/zero',
  'a terminal': '/dev/tty',
  'a folder': at('folder'),
})) {
  test(`${what} is refused without being opened`, async () => {
    const failures = [failureOf(() => readRegularText(path)), failureOf(() => requireRegular(path))];
    for (const { code, exitCode, message } of await Promise.all(failures)) {
      assert.is(code, 'file-not-regular');
      assert.is(exitCode, 2);
      assert.ok(message.startsWith(path), message);
    }
  });
}

test('a file beyond the limit is refused by its size, before anything is read', async () => {
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 6 * 1024 ** 3);
  const failure = await failureOf(() => readRegularText(at('huge')));
  assert.is(failure.code, 'file-too-large');
  assert.match(failure.message, `${6 * 1024 ** 3} bytes`);
  const { handle, sizeBytes } = await openRegular(at('huge'), { maxBytes: Infinity });
  await handle.close();
  assert.is(sizeBytes, 6 * 1024 ** 3);
});

test('a file under /proc, whose size reads as 0, is held to the limit by its bytes', async () => {
  const failure = await failureOf(() => readRegularText('/proc/self/maps', { maxBytes: 100 }));
  assert.is(failure.code, 'file-too-large');
});

test('a signal ends the reading', async () => {
  const stop = new AbortController();
  stop.abort(new Error('stopped'));
  let thrown: unknown;
  await readRegularText(at('long'), { signal: stop.signal }).catch((error: unknown) => (thrown = error));
  assert.is((thrown as Error).message, 'stopped');
});

test.run();
