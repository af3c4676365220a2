import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('cli');
const bin = fileURLToPath(new URL('../src/bin.js', import.meta.url));

test('a reader that closes the pipe early is no failure', () => {
  // The reader is gone before the first word is written.
  const script = '{ sleep 0.5; "$0" "$1" explain 2>&1 >&3; echo "exit $?"; } 3>&1 >&4 | true';
  const said = execFileSync('bash', ['-c', `exec 4>&1; ${script}`, process.execPath, bin], { encoding: 'utf8' });
  assert.is(said, 'exit 0\n');
});

test.run();
