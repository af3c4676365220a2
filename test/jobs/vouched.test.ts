/** What the release key does not vouch for, or what contradicts what else is known, is never built into a signed package. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { VersionManifest } from '../../src/core/archive.ts';
import { vouchFor } from '../../src/delivery/swupdate/vouched.ts';
import { digestBytes } from '../../src/io/hash.ts';
import { isVouchedFor, signStatement, statementBytes, vouchingKeys } from '../../src/swu/statement.ts';
import { openSealedJson, sealJson } from '../../src/text/json.ts';
import { archive, archivedProduct, IMAGE, type ArchivedProduct } from '../support/archived.ts';
import type { PlanYaml } from '../support/product.ts';
import { makeKeys } from '../support/signing.ts';

const test = suite('vouched');

let here: ArchivedProduct;

test.before.each(async () => {
  here = await archivedProduct('vouched', ['0.1.0', '0.2.0']);
});

const manifestOf = (version: string): string => join(here.archive, version, 'manifest.json');

/** Flips a byte of the image, and makes every hash fit that needs no key. */
function alter(version: string): void {
  const image = here.image(version);
  const bytes = readFileSync(image);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  writeFileSync(image, bytes);
  const opened = openSealedJson(readFileSync(manifestOf(version), 'utf8'));
  if ('problem' in opened) throw new Error(opened.problem);
  const manifest = opened.value as unknown as VersionManifest;
  const files = manifest.files.map((one) => (one.path === IMAGE ? { ...one, ...digestBytes(bytes) } : one));
  writeFileSync(manifestOf(version), sealJson({ ...manifest, files }));
}

/** A new version, so that there is something to sign. */
async function addVersion(version: string): Promise<void> {
  here.edit((plan: PlanYaml) => {
    for (const one of plan.versions) one.tags = ['promoted'];
    plan.versions.push({ version });
    for (const rule of plan.deltas) rule.to = version;
  });
  await archive(await here.load(), version);
}

const packages = (): string[] =>
  readdirSync(here.archive, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.swu'))
    .sort();

for (const command of [['apply'], ['apply', '--nightly']]) {
  test(`${command.join(' ')} signs nothing with an image that was altered together with its seal`, async () => {
    const before = packages();
    alter('0.2.0');
    await addVersion('0.3.0');
    const run = await here.run([...command, 'plan.yml']);
    assert.is(run.exitCode, 4, run.stderr + run.stdout);
    assert.match(run.stderr + run.stdout, `${manifestOf('0.2.0')} was not signed by a key of the plan`);
    const made = packages().filter((one) => !before.includes(one));
    assert.equal(made, []);
  });
}

test('verify names it, and a manifest whose signature is gone', async () => {
  assert.is((await here.run(['verify', 'plan.yml'])).exitCode, 0);
  alter('0.2.0');
  rmSync(`${manifestOf('0.1.0')}.sig`);
  const run = await here.run(['verify', 'plan.yml']);
  assert.is(run.exitCode, 4);
  assert.match(run.stderr + run.stdout, `${manifestOf('0.2.0')} was not signed by a key of the plan`);
  assert.match(run.stderr + run.stdout, `${manifestOf('0.1.0')} is not signed`);
});

test('a signature of another version, or of another product, is none', async () => {
  copyFileSync(`${manifestOf('0.1.0')}.sig`, `${manifestOf('0.2.0')}.sig`);
  assert.is((await here.run(['verify', 'plan.yml'])).exitCode, 4);
  const plan = await here.load();
  const digest = createHash('sha256')
    .update(readFileSync(manifestOf('0.2.0')))
    .digest('hex');
  const host = { env: process.env, signal: new AbortController().signal };
  const other = await vouchFor({ ...plan, product: 'another' }, '0.2.0', host)?.(digest);
  writeFileSync(`${manifestOf('0.2.0')}.sig`, other ?? '');
  assert.is((await here.run(['verify', 'plan.yml'])).exitCode, 4);
});

test('what was archived before manifests were signed is signed after a full check, and only then', async () => {
  for (const version of ['0.1.0', '0.2.0']) rmSync(`${manifestOf(version)}.sig`);
  assert.is((await here.run(['apply', 'plan.yml'])).exitCode, 4);
  const run = await here.run(['verify', 'plan.yml', '--sign-manifests']);
  assert.is(run.exitCode, 0, run.stderr + run.stdout);
  assert.match(run.stdout, `signed ${manifestOf('0.1.0')}.sig`);
  assert.is((await here.run(['verify', 'plan.yml'])).exitCode, 0);
  assert.is((await here.run(['apply', 'plan.yml'])).exitCode, 0);
});

test('an altered version gets no signature by that: the registry and the signed packages know better', async () => {
  alter('0.2.0');
  for (const version of ['0.1.0', '0.2.0']) rmSync(`${manifestOf(version)}.sig`);
  const run = await here.run(['verify', 'plan.yml', '--sign-manifests']);
  assert.is(run.exitCode, 4);
  assert.match(run.stderr, 'archive-contradicted');
  assert.match(run.stderr, 'targets.json has the manifest of 0.2.0 with sha256');
  assert.match(run.stderr, /signed package 0\.1\.0 -> 0\.2\.0 knows .* with another sha256/);
  assert.is(existsSync(`${manifestOf('0.1.0')}.sig`), false);
});

test('a registry with another manifest keeps a package from being signed', async () => {
  await addVersion('0.3.0');
  const registry = join(here.dir, 'artifacts/targets.json');
  const digest = createHash('sha256')
    .update(readFileSync(manifestOf('0.1.0')))
    .digest('hex');
  writeFileSync(registry, readFileSync(registry, 'utf8').replace(digest, '0'.repeat(64)));
  const run = await here.run(['apply', 'plan.yml']);
  assert.is(run.exitCode, 4);
  assert.match(run.stderr, `has the manifest of 0.1.0 with sha256 ${'0'.repeat(64)}`);
  assert.is(existsSync(here.update('0.1.0', '0.3.0')), false);
});

test('a key of a former year vouches for what was archived then, expired or not', async () => {
  const next = makeKeys('vouched-next').dir;
  const [key, cert] = [join(next, 'ec.pem'), join(next, 'ec.crt')];
  const old = join(here.keys, 'ec.crt');
  here.edit((plan) => void (plan.signing = { method: 'cms', key, cert, public: cert }));
  assert.is((await here.run(['verify', 'plan.yml'])).exitCode, 4);
  here.edit((plan) => Object.assign(plan.signing, { former: [old] }));
  const { versions } = JSON.parse((await here.run(['verify', 'plan.yml', '--json'])).stdout).scope as {
    versions: string[];
  };
  assert.equal(versions, ['0.1.0', '0.2.0']);
  const run = await here.run(['apply', 'plan.yml', '--dry-run']);
  assert.not.match(run.stdout + run.stderr, 'was not signed by a key');
});

for (const [method, key, publicHalf] of [
  ['rsa', 'rsa.pem', 'rsa.pub.pem'],
  ['rsa-pss', 'rsa.pem', 'rsa.pub.pem'],
  ['cms', 'ec.pem', 'ec.crt'],
  ['cms', 'rsa.pem', 'rsa.crt'],
] as const) {
  test(`a statement signed by ${key} for ${method} holds for it, and for nothing else`, async () => {
    const { dir } = makeKeys('statement');
    const signing = { method, key, public: publicHalf, ...(method === 'cms' ? { cert: publicHalf } : {}) };
    const context = { env: {}, planDir: dir };
    const statement = { product: 'p', machine: 'm', image: 'i', version: '1.0.0', digest: '0'.repeat(64) };
    const signature = await signStatement(statement, signing, context);
    const keys = await vouchingKeys(signing, context);
    assert.ok(isVouchedFor(statement, signature, keys));
    for (const field of ['product', 'machine', 'image', 'version', 'digest'] as const)
      assert.not.ok(isVouchedFor({ ...statement, [field]: 'x' }, signature, keys), field);
    assert.ok(statementBytes(statement).toString().startsWith('release-plan-manifest-v1\n'));
  });
}

test.run();
