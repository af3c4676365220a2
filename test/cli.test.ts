import { execFileSync, spawnSync } from 'node:child_process';
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

test('a failure that nobody expected is a bug: exit 1, in words, with a stack for whoever asks', async () => {
  const child = `import { main } from ${JSON.stringify(new URL('../dist/cli.js', import.meta.url).href)};
    const real = process.stdout.write;
    process.stdout.write = () => { throw new TypeError('nobody expected this'); };
    const code = await main(['explain']);
    process.stdout.write = real;
    process.exitCode = code;`;
  const run = (env: NodeJS.ProcessEnv) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', child], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
  const quiet = run({});
  assert.is(quiet.status, 1);
  assert.match(quiet.stderr, /^error\[bug\]: unexpected: nobody expected this\n/);
  assert.match(quiet.stderr, 'RELEASE_PLAN_DEBUG=1');
  assert.not.match(quiet.stderr, /^ +at /m);
  assert.match(run({ RELEASE_PLAN_DEBUG: '1' }).stderr, /^TypeError: nobody expected this\n +at /m);
});

test.run();
