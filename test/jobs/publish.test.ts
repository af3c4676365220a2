/** `publish` as a user runs it, and what the other commands say of it. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { IndexDocument } from '../../src/publish/files/index-document.ts';
import { archivedProduct, type ArchivedProduct } from '../support/archived.ts';
import type { CliResult } from '../support/product.ts';

const test = suite('jobs/publish');

let here: ArchivedProduct;

interface Document {
  exitCode: number;
  unproven: Array<{ subject: string; reason: string }>;
  destinations: Array<{
    name: string;
    state: string;
    code?: string;
    message: string;
    sentBytes?: number;
    packages?: Array<{ file: string; state: string }>;
  }>;
}

const documentOf = (run: CliResult): Document => JSON.parse(run.stdout) as Document;
const publish = async (...flags: string[]): Promise<CliResult> => await here.run(['publish', 'plan.yml', ...flags]);
const states = (run: CliResult): string[] =>
  (documentOf(run).destinations[0]?.packages ?? []).map(({ file, state }) => `${state} ${file}`).toSorted();

/** The destinations of the plan. */
const destinations = (...list: object[]): void => here.edit((plan) => void (plan.publish = list));
const lab = (more: object = {}): object => ({ name: 'lab', kind: 'directory', path: 'srv', ...more });

const DELTAS = ['delta-update-0.1.0-to-0.3.0.swu', 'delta-update-0.2.0-to-0.3.0.swu'];

test.before(async () => {
  here = await archivedProduct('publish');
});
test.before.each(() => {
  rmSync(join(here.dir, 'srv'), { recursive: true, force: true });
  rmSync(join(here.archive, 'published.json'), { force: true });
});

test('a dry run says what would be sent, and sends nothing', async () => {
  destinations(lab());
  const run = await publish('--dry-run', '--json');
  assert.is(run.exitCode, 0);
  assert.equal(
    states(run),
    DELTAS.map((file) => `missing ${file}`),
  );
  assert.not(existsSync(join(here.dir, 'srv')));
  const words = await publish('--dry-run');
  assert.match(words.stdout, '2 packages to send');
});

test('publishes what is proven, twice is once, and the record is shown', async () => {
  destinations(lab());
  const run = await publish('--json');
  assert.is(run.exitCode, 0, run.stderr);
  assert.equal(
    states(run),
    DELTAS.map((file) => `sent ${file}`),
  );
  const index = JSON.parse(readFileSync(join(here.dir, 'srv/index.json'), 'utf8')) as IndexDocument;
  const deltas = index.machines['tolomeo-qemux86-64']?.['image-prod']?.['0.3.0']?.deltas ?? [];
  assert.equal(
    deltas.map(({ base }) => base),
    ['0.1.0', '0.2.0'],
  );
  for (const { base, file, base_sha256 } of deltas) {
    const swu = join(here.update(base), `delta-update-${base}-to-0.3.0.swu`);
    assert.ok(readFileSync(join(here.dir, 'srv', file)).equals(readFileSync(swu)));
    assert.equal(Object.keys(base_sha256), ['rootfs']);
  }
  const again = await publish('--json');
  assert.equal(
    states(again),
    DELTAS.map((file) => `present ${file}`),
  );
  const shown = await here.run(['targets', 'show', '0.3.0', '--plan', 'plan.yml']);
  assert.match(shown.stdout, /PUBLISHED[^]*\ndelta-update-0\.1\.0-to-0\.3\.0\.swu +lab /);
});

test('--to takes destinations of the plan', async () => {
  destinations(lab(), lab({ name: 'other', path: 'elsewhere' }));
  const run = await publish('--to', 'lab', '--json');
  assert.equal(
    documentOf(run).destinations.map(({ name }) => name),
    ['lab'],
  );
  const wrong = await publish('--to', 'lap');
  assert.is(wrong.exitCode, 2);
  assert.match(wrong.stderr, /error\[publish-unknown\][^]*Did you mean "lab"\?/);
});

test('a plan without destinations says so', async () => {
  here.edit((plan) => void delete plan.publish);
  const run = await publish();
  assert.is(run.exitCode, 2);
  assert.match(run.stderr, 'error[publish-nowhere]');
});

test('a destination that fails keeps no other from its packages, and its exit code counts', async () => {
  destinations({ name: 'cdn', kind: 's3', bucket: 'updates', endpoint: 'http://127.0.0.1:1' }, lab());
  const run = await publish('--json');
  assert.is(run.exitCode, 5);
  const [cdn, folder] = documentOf(run).destinations;
  assert.equal([cdn?.state, cdn?.code], ['failed', 'secret-missing']);
  assert.is(folder?.state, 'done');
  assert.ok(existsSync(join(here.dir, 'srv/index.json')));
});

test('a failed destination is one line of the result; what to do about it stands where it failed', async () => {
  destinations(lab());
  assert.is((await publish()).exitCode, 0);
  writeFileSync(join(here.dir, 'srv/tolomeo-qemux86-64/image-prod/0.3.0', DELTAS[0] ?? ''), 'altered');
  const run = await publish();
  assert.is(run.exitCode, 4);
  const [line, ...rest] = run.stdout.trimEnd().split('\n');
  assert.match(line ?? '', /^lab \(.*has 7 bytes, .*; the package of the archive has \d+ bytes, sha256 [0-9a-f]{64}$/);
  assert.equal(rest, []);
  assert.match(run.stderr, 'Find out who put it there.');
});

test('what is not proven stays, and the exit code says so', async () => {
  destinations(lab());
  const swu = join(here.update('0.1.0'), DELTAS[0] ?? '');
  const bytes = readFileSync(swu);
  writeFileSync(swu, Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) ^ 1])]));
  const run = await publish('--json');
  writeFileSync(swu, bytes);
  assert.is(run.exitCode, 4);
  assert.equal(states(run), [`sent ${DELTAS[1]}`]);
  assert.is(documentOf(run).unproven[0]?.subject, '0.1.0 -> 0.3.0');
});

test('apply publishes to the destinations with auto, and only to those', async () => {
  destinations(lab({ auto: true }), lab({ name: 'other', path: 'elsewhere' }));
  const run = await here.run(['apply', 'plan.yml']);
  assert.is(run.exitCode, 0, run.stderr);
  assert.ok(existsSync(join(here.dir, 'srv/index.json')));
  assert.not(existsSync(join(here.dir, 'elsewhere')));
  assert.match(run.stdout, /lab \(.*srv\): 2 packages sent/);
  const page = readFileSync(join(here.archive, 'reports/tolomeo-plan.html'), 'utf8');
  assert.match(page, /<h3>\s*lab <span class="quiet">directory, 2 packages/);
  rmSync(join(here.dir, 'srv'), { recursive: true });
  await here.run(['apply', 'plan.yml', '--only', 'report']);
  assert.not(existsSync(join(here.dir, 'srv')));
  const night = await here.run(['apply', 'plan.yml', '--nightly']);
  assert.is(night.exitCode, 0, night.stderr);
  assert.ok(existsSync(join(here.dir, 'srv/index.json')));
});

test('gc leaves what was published, until it is told to take it too', async () => {
  destinations(lab());
  await publish();
  const before = readFileSync(here.plan, 'utf8');
  here.edit((plan) => {
    plan.versions = [{ version: '0.1.0' }];
    plan.deltas = [];
    plan.retention = { keep_last: 1, keep_unrequired_deltas: false };
  });
  const look = async (...flags: string[]): Promise<string> =>
    (await here.run(['gc', 'plan.yml', '--dry-run', ...flags])).stdout;
  assert.match(await look(), /keep +0\.1\.0 -> 0\.3\.0 +published to lab; --published takes it too/);
  assert.match(await look('--published'), /remove +0\.1\.0 -> 0\.3\.0 /);
  writeFileSync(here.plan, before);
});

test('two destinations of one name are a mistake of the plan', async () => {
  destinations(lab(), lab());
  const run = await publish();
  assert.is(run.exitCode, 2);
  assert.match(run.stderr, 'error[value-duplicate]');
});

test.run();
