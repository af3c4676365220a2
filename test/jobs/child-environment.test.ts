/** No child gets more of the environment than it is meant to have, and none outlives its time. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toolEnvironment } from '../../src/io/environment.ts';
import { run } from '../../src/io/process.ts';
import { secretVariables } from '../../src/plan/secrets.ts';
import { archivedProduct, type ArchivedProduct } from '../support/archived.ts';
import { failureOf } from '../support/failure.ts';

const test = suite('children');

let here: ArchivedProduct;
const SECRETS = { H8_KEY: '', H8_PASS: 'hunter2hunter2', H8_OTHER: 'kept', AWS_SECRET_ACCESS_KEY: 'of-a-bucket' };

test.before(async () => {
  here = await archivedProduct('children', ['0.1.0', '0.2.0']);
  SECRETS.H8_KEY = join(here.keys, 'ec.pem');
  const dump = (name: string): string => `env > '${join(here.dir, name)}'`;
  here.edit((plan) => {
    plan.signing = { ...plan.signing, key: '${H8_KEY}', passphrase_env: 'H8_PASS' };
    plan.fleet = { command: `${dump('env-fleet')}; echo uuid,tag,version; echo d,promoted,0.1.0` };
    plan.notify = { command: dump('env-notify'), on: 'always' };
    plan.publish = [{ name: 'bucket', kind: 's3', bucket: 'updates', endpoint: 'http://127.0.0.1:9' }];
    plan.targets = {
      file: 'artifacts/targets.json',
      sign: `${dump('env-sign')}; sed -i 's/"signatures": \\[\\]/"signatures": [{"keyid":"k","sig":"s"}]/' "$RELEASE_PLAN_TARGETS"`,
    };
    plan.versions.push({ version: '0.3.0' });
    for (const rule of plan.deltas) rule.to = '0.3.0';
    writeFileSync(
      join(here.dir, 'kas-wrapper'),
      `#!/bin/sh\n${dump('env-kas')}\nexec "${String((plan.kas as { command?: string }).command ?? 'kas')}" "$@"\n`,
      { mode: 0o755 },
    );
    (plan.kas as { command?: string }).command = './kas-wrapper';
  });
});

test('kas, fleet.command, targets.sign and notify get neither key nor passphrase, and the rest', async () => {
  await here.run(['apply', 'plan.yml'], { ...process.env, ...SECRETS });
  for (const name of ['env-kas', 'env-fleet', 'env-sign', 'env-notify']) {
    const dump = join(here.dir, name);
    assert.ok(existsSync(dump), `${name} was not written`);
    const env = readFileSync(dump, 'utf8');
    assert.not.match(env, /^H8_KEY=/m, name);
    assert.not.match(env, /^H8_PASS=/m, name);
    assert.not.match(env, /^AWS_SECRET_ACCESS_KEY=/m, name);
    assert.match(env, /^H8_OTHER=kept$/m, name);
  }
});

test('kas.pass names what kas gets besides', async () => {
  here.edit((plan) => {
    (plan.kas as { pass?: string[] }).pass = ['H8_PASS'];
    plan.versions.push({ version: '0.4.0' });
  });
  await here.run(['apply', 'plan.yml'], { ...process.env, ...SECRETS });
  const env = readFileSync(join(here.dir, 'env-kas'), 'utf8');
  assert.match(env, /^H8_PASS=hunter2hunter2$/m);
  assert.not.match(env, /^H8_KEY=/m);
});

test('a program of ours gets a few known names and nothing else', async () => {
  process.env.H8_STRAY = 'secret';
  const { stdout } = await run('env', []);
  delete process.env.H8_STRAY;
  assert.not.match(stdout, /H8_STRAY/);
  assert.match(stdout, /^LC_ALL=C\.UTF-8$/m);
  assert.equal(toolEnvironment({ PATH: '/bin', AWS_SECRET_ACCESS_KEY: 'x' }), {
    PATH: '/bin:/usr/sbin:/sbin',
    LC_ALL: 'C.UTF-8',
  });
});

test('what a plan names as secret is found wherever it stands, but not in commands, which a shell reads', () => {
  const plan = {
    signing: { key: '${A}', cert: 'keys/${B}.pem', passphraseEnv: 'C' },
    publish: [{ passwordEnv: 'D', url: 'https://x' }],
    fleet: { command: 'curl -H "$E" ${F}' },
  };
  assert.equal(secretVariables(plan), ['A', 'B', 'C', 'D']);
  // What a bucket is asked with, but not where a file has it.
  const aws = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];
  assert.equal(secretVariables({ publish: [{ kind: 's3', options: { bucket: 'b' } }] }), aws);
  assert.equal(secretVariables({ artifacts: { store: { kind: 's3', bucket: 'b', prefix: '' } } }), aws);
  assert.equal(secretVariables({ publish: [{ kind: 's3', options: { credentials_file: '/k' } }] }), []);
  assert.equal(secretVariables({ artifacts: { store: { kind: 's3', credentialsFile: '/k' } } }), []);
});

test('a program that prints without end, or does not end, is stopped', async () => {
  assert.is((await failureOf(() => run('yes', [], { maxBytes: 1_000_000 }))).code, 'tool-output-too-large');
  assert.is((await failureOf(() => run('sleep', ['60'], { timeoutMs: 200 }))).code, 'tool-stalled');
  const deaf = ['-c', "trap '' TERM; while :; do sleep 0.1; done"];
  assert.is((await failureOf(() => run('sh', deaf, { timeoutMs: 200 }))).code, 'tool-stalled');
});

for (const [what, command, expected] of [
  ['prints what is no fleet and goes on', 'echo not,a,fleet; seq 1 400000; sleep 600', 'fleet-unreadable'],
  ['ends too late', 'sleep 600', 'fleet-command-failed'],
] as const) {
  test(`a fleet command that ${what} keeps nothing waiting`, async () => {
    here.edit((plan) => {
      plan.fleet = { command };
      plan.command_timeout = '2s';
    });
    const { child, done } = here.start(['plan', 'plan.yml', '--run-commands']);
    const run = await Promise.race([done, sleep(60_000, undefined, { ref: false })]);
    if (run === undefined) child.kill('SIGKILL');
    assert.ok(run !== undefined, 'it did not end');
    assert.match(run?.stderr ?? '', expected);
  });
}

test.run();
