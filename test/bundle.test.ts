/** The program as people run it: one file and its cache, which may be damaged, foreign or missing. */
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Script } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scratch } from './support/scratch.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const test = suite('bundle');

/** What npm would install, without any dependency. */
function installed(): string {
  const dir = scratch('bundle');
  for (const path of [
    'package.json',
    'src/bin.js',
    'src/bundle.cjs',
    'dist/bundle',
    'schemas',
    'templates',
    'examples/tolomeo/plan.yml',
    'examples/tolomeo/kas',
  ])
    cpSync(join(root, path), join(dir, path), { recursive: true });
  return dir;
}

interface Run {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** @param dir where the program is installed @param cwd where it is run */
function run(dir: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = dir): Run {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [join(dir, 'src/bin.js'), ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...withoutTraces(process.env), ...env },
  });
  return { status, signal, stdout, stderr };
}

/** Under `npm run coverage` the launcher would take the files that tsc wrote. */
const withoutTraces = ({
  NODE_V8_COVERAGE: _coverage,
  RELEASE_PLAN_DEBUG: _debug,
  ...env
}: NodeJS.ProcessEnv): NodeJS.ProcessEnv => env;

const VALIDATE = ['validate', '--no-files', 'examples/tolomeo/plan.yml'];
const VALID: Run = { status: 0, signal: null, stdout: '1 plan checked: no problems\n', stderr: '' };

function cacheOf(dir: string): string {
  const [cache, ...others] = readdirSync(join(dir, 'dist/bundle')).filter((name) => name.endsWith('.cache'));
  assert.equal(others, []);
  return join(dir, 'dist/bundle', cache ?? 'none');
}

test('V8 takes the cache that the build made', async () => {
  const { loadBundle } = (await import(new URL('../src/bundle.cjs', import.meta.url).href)) as {
    loadBundle(folder: string): { script: Script };
  };
  assert.is(loadBundle(join(root, 'dist/bundle')).script.cachedDataRejected, false);
});

test('it runs without node_modules: what is apart from the bundle is there, too', () => {
  const dir = installed();
  assert.equal(run(dir, VALIDATE), VALID);
  assert.equal(run(dir, ['validate', '--no-files', 'examples']), VALID);
  // On the copy's plan: beside the checkout's there may be an archive.
  assert.equal(
    run(dir, ['plan', 'examples/tolomeo/plan.yml']),
    run(root, ['plan', 'examples/tolomeo/plan.yml'], {}, dir),
  );
  assert.match(run(dir, ['render', 'examples/tolomeo/plan.yml', '--stdout']).stdout, 'BUILD_VERSION');
});

test('packages apart from it are whole', async () => {
  const dir = join(installed(), 'dist/bundle');
  const names = readdirSync(dir)
    .filter((name) => name.endsWith('.cjs') && name !== 'cli.cjs')
    .map((name) => name.slice(0, -'.cjs'.length));
  assert.ok(names.length > 5);
  for (const name of names) {
    const exported = execFileSync(process.execPath, ['-p', `Object.keys(require('./${name}.cjs')).sort().join()`], {
      cwd: dir,
      encoding: 'utf8',
    })
      .trim()
      .split(',');
    const wanted = Object.keys((await import(name.replace(/^(@[a-z]+)-/, '$1/'))) as object).filter(
      (one) => one !== 'default' && one !== 'module.exports',
    );
    assert.ok(wanted.length > 0);
    assert.equal(
      wanted.filter((one) => !exported.includes(one)),
      [],
      name,
    );
  }
});

test('a cache that is damaged, cut off, of another V8 or not there costs time and nothing else', () => {
  const dir = installed();
  const cache = cacheOf(dir);
  const good = readFileSync(cache);
  // Taken as they are, some of these end Node.js by SIGSEGV.
  for (const at of [0, 4, 8, 24, 26, 39, Math.floor(good.length / 5), good.length - 1]) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] ?? 0) ^ 0x55;
    writeFileSync(cache, bad);
    assert.equal(run(dir, VALIDATE), VALID, `byte ${at}`);
  }
  for (const length of [0, 3, 4, 40, good.length - 1]) {
    writeFileSync(cache, good.subarray(0, length));
    assert.equal(run(dir, VALIDATE), VALID, `${length} bytes`);
  }
  writeFileSync(cache, good);
  const otherFlags = spawnSync(process.execPath, ['--no-flush-bytecode', join(dir, 'src/bin.js'), ...VALIDATE], {
    cwd: dir,
    encoding: 'utf8',
  });
  assert.is(otherFlags.stdout, VALID.stdout);
  rmSync(cache);
  assert.equal(run(dir, VALIDATE), VALID);
});

test('a build that did not come to its end says how to finish it', () => {
  const dir = installed();
  rmSync(join(dir, 'dist/bundle/cli.cjs'));
  const { status, stderr } = run(dir, VALIDATE);
  assert.is(status, 5);
  assert.match(stderr, 'npm ci && npm run build');
});

test('the files that tsc wrote, which stacks and coverage are to name, say the same', () => {
  const plans = ['test/plan/bad', 'test/plan/good'].map((path) => join(root, path));
  const [bundled, traced] = [{}, { RELEASE_PLAN_DEBUG: '1' }].map((env) =>
    run(root, ['validate', '--no-files', '--format', 'json', ...plans], env),
  );
  assert.is(bundled?.status, 2);
  assert.ok((JSON.parse(bundled?.stdout ?? '') as { diagnostics: unknown[] }).diagnostics.length > 100);
  assert.equal(bundled, traced);
});

test.run();
