/** Keys and passphrases reach no output, no file and no argument; modes do not depend on the umask. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesBelow, product, type CliResult, type Product } from '../support/product.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('secrets');

/** Of this run alone: other tests on this machine show theirs to openssl. */
const PASSPHRASE = `correct ${randomBytes(8).toString('hex')}`;
const tmp = scratch('secrets-tmp');

/** A product whose encrypted key is in the environment, as CI systems give it, and its passphrase with it. */
function signedFromEnvironment(name: string): { here: Product; env: NodeJS.ProcessEnv; pem: string } {
  const here = product(name, 1);
  const pem = execFileSync(
    'openssl',
    ['pkey', '-in', join(here.keys, 'rsa.pem'), '-aes256', '-passout', 'env:SWU_PASSPHRASE'],
    { encoding: 'utf8', env: { ...process.env, SWU_PASSPHRASE: PASSPHRASE } },
  );
  here.edit((plan) => {
    plan.versions = [{ version: '0.1.0', tags: ['promoted'] }, { version: '0.2.0' }];
    plan.deltas = [{ to: '0.2.0', from: { tag: 'promoted' }, engine: 'rdiff' }];
    plan.signing = {
      method: 'cms',
      key: '${SWU_KEY}',
      cert: join(here.keys, 'rsa.crt'),
      public: join(here.keys, 'rsa.crt'),
      passphrase_env: 'SWU_PASSPHRASE',
    };
  });
  return { here, pem, env: { ...process.env, TMPDIR: tmp, SWU_KEY: pem, SWU_PASSPHRASE: PASSPHRASE } };
}

/** What would give a key away: the passphrase, and any line of the PEM. */
const secretsOf = (pem: string): string[] => [PASSPHRASE, ...pem.split('\n').filter((line) => line.length >= 40)];

/** Which of the secrets stand in a text; the places, not the secrets. */
const shownIn = (place: string, text: string, secrets: readonly string[]): string[] =>
  secrets.some((one) => text.includes(one)) ? [place] : [];

/** Arguments of every process, again and again until the run ends. */
async function argumentsDuring(run: Promise<CliResult>): Promise<{ result: CliResult; seen: Set<string> }> {
  const seen = new Set<string>();
  const state = { ended: false };
  const result = run.finally(() => (state.ended = true));
  while (!state.ended) {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      } catch {
        seen.delete(pid);
      }
    }
    await sleep(2);
  }
  return { result: await result, seen };
}

function inFiles(dir: string, secrets: readonly string[]): string[] {
  return filesBelow(dir).flatMap((file) => shownIn(file, readFileSync(join(dir, file), 'latin1'), secrets));
}

const all = signedFromEnvironment('secrets');
const secrets = secretsOf(all.pem);

test('a run whose key is in the environment shows it nowhere', async () => {
  assert.ok(secrets.length > 10);
  const { result, seen } = await argumentsDuring(all.here.run(['apply', 'plan.yml', '--json'], all.env));
  assert.is(result.exitCode, 0, result.stderr);
  assert.equal(shownIn('stdout', result.stdout, secrets), []);
  assert.equal(shownIn('stderr', result.stderr, secrets), []);
  assert.ok(
    [...seen].some((one) => one.includes('openssl') && one.includes('-passin')),
    'openssl was seen at work',
  );
  assert.equal(
    [...seen].flatMap((one) => shownIn(one.slice(0, 40), one, secrets)),
    [],
  );
  // Everything: archive, reports, manifests, .release-plan, logs, build.
  assert.ok(filesBelow(all.here.dir).some((file) => file.endsWith('.swu')));
  assert.equal(inFiles(all.here.dir, secrets), []);
  assert.equal(filesBelow(tmp), []);
});

for (const [what, args] of [
  ['plan --json', ['plan', 'plan.yml', '--json']],
  ['verify --json', ['verify', 'plan.yml', '--json']],
  ['report --format html', ['report', 'plan.yml', '--format', 'html']],
  ['validate --format json', ['validate', 'plan.yml', '--format', 'json']],
  ['render', ['render', 'plan.yml', '--stdout']],
] as const) {
  test(`nor does ${what}`, async () => {
    const result = await all.here.run(args, all.env);
    assert.equal([...shownIn('stdout', result.stdout, secrets), ...shownIn('stderr', result.stderr, secrets)], []);
  });
}

for (const [what, change] of [
  ['a wrong passphrase', { SWU_PASSPHRASE: 'a wrong one that is secret too' }],
  ['a key that is cut off', { SWU_KEY: all.pem.slice(0, 600) }],
] as const) {
  test(`nor does a failure: ${what}`, async () => {
    all.here.edit((plan) => void (plan.swu.compress = what === 'a wrong passphrase' ? 'zstd' : 'none'));
    const result = await all.here.run(['apply', 'plan.yml'], { ...all.env, ...change, RELEASE_PLAN_DEBUG: '1' });
    assert.is(result.exitCode, 5, result.stderr);
    const told = [...secrets, ...Object.values(change)];
    assert.equal([...shownIn('stdout', result.stdout, told), ...shownIn('stderr', result.stderr, told)], []);
    assert.equal(inFiles(all.here.dir, told), []);
  });
}

for (const umask of [0o077, 0o000]) {
  test(
    `modes under umask ${umask.toString(8).padStart(3, '0')}: what is archived can be read by all and written ` +
      'by the owner',
    async () => {
      const { here, env } = signedFromEnvironment(`umask-${umask}`);
      const before = process.umask(umask);
      let result: CliResult;
      try {
        result = await here.run(['apply', 'plan.yml'], env);
      } finally {
        process.umask(before);
      }
      assert.is(result.exitCode, 0, result.stderr);
      const modes = readdirSync(here.archive, { recursive: true, withFileTypes: true })
        .map((entry) => ({ path: join(entry.parentPath, entry.name), isFolder: entry.isDirectory() }))
        .map(
          ({ path, isFolder }) =>
            `${path.slice(here.archive.length + 1)} ${isFolder ? 'folder' : 'file'} ` +
            `${(statSync(path).mode & 0o7777).toString(8)}`,
        );
      assert.equal(
        modes.filter((line) => !line.endsWith('folder 755') && !line.endsWith('file 644')),
        [],
      );
      assert.is(statSync(here.archive).mode & 0o7777, 0o755);
      // What kas runs code from, and logs, which may show what a recipe prints.
      const own = filesBelow(join(here.dir, '.release-plan')).map((file) => join(here.dir, '.release-plan', file));
      assert.equal(
        own.filter((path) => (statSync(path).mode & 0o022) !== 0).map((path) => path.slice(here.dir.length)),
        [],
      );
    },
  );
}

test.run();
