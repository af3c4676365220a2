/** Packages as a plan has them made: full ones, what each partition gets, encryption, and templates of one's own. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CheckRow, ConsistencyReport } from '../../src/core/report.ts';
import { templatePath } from '../../src/io/template.ts';
import type { IndexDocument } from '../../src/publish/files/index-document.ts';
import { openSwu } from '../../src/swu/open.ts';
import { filesBelow, MACHINE, product, type CliResult, type Product } from '../support/product.ts';

const test = suite('jobs: packages');
/** So large that the zeros of a small package do not decide what is offered. */
const here: Product = product('packages', 8);
const AES = `${'0123456789abcdef'.repeat(4)} ${'fedcba9876543210'.repeat(2)}`;
const env = { ...process.env, TEST_SWU_AES: AES };
let first: CliResult;

interface Document {
  plans: Array<{ steps: Array<{ title: string }>; report: ConsistencyReport }>;
}
const reportOf = (run: CliResult): ConsistencyReport => {
  const [plan] = (JSON.parse(run.stdout) as Document).plans;
  assert.ok(plan, run.stderr);
  return plan.report;
};
const row = (report: ConsistencyReport, check: string, subject: string): CheckRow => {
  const found = report.checks.find((one) => one.check === check && one.subject === subject);
  assert.ok(found, `${check} ${subject}: ${JSON.stringify(report.checks)}`);
  return found;
};
const apply = async (): Promise<CliResult> => await here.run(['apply', 'plan.yml', '--json'], env);
const full = join(here.archive, '0.2.0/updates/full');
const update = join(here.archive, '0.2.0/updates/from_0.1.0');

test.before(async () => {
  here.edit((plan) => {
    plan.prove = { install: true };
    plan.swu = { ...plan.swu, full: true };
    plan.versions = [{ version: '0.1.0', tags: ['promoted'] }, { version: '0.2.0' }];
    plan.deltas = [{ to: '0.2.0', from: { tag: 'promoted' }, engine: 'rdiff' }];
    plan.fleet = 'devices.json';
  });
  const device = (name: string, target: string) => ({ 'uuid': name, 'tag': 'promoted', 'target-name': target });
  const of = (version: string): string => `${MACHINE}-image-prod-${version}`;
  const fleet = [device('a', of('0.1.0')), device('b', of('0.1.0')), device('c', of('0.2.0')), device('d', 'unknown')];
  writeFileSync(join(here.dir, 'devices.json'), JSON.stringify(fleet));
  first = await apply();
});

test('a full package stands beside the deltas, proven by installing it, and serves whom no delta does', () => {
  assert.is(first.exitCode, 0, first.stderr + first.stdout);
  assert.equal(filesBelow(full), ['build-info.txt', 'full-info.json', 'full-update-0.2.0.swu']);
  const report = reportOf(first);
  assert.is(row(report, 'full', '0.2.0').result, 'pass');
  for (const subject of ['0.2.0', '0.1.0 -> 0.2.0']) {
    assert.is(row(report, 'package', subject).detail, 'no findings');
    assert.match(row(report, 'install', subject).detail, /-e stable,main and -e stable,alt: bit for bit; refused with/);
  }
  assert.match(row(report, 'devices', 'promoted -> 0.2.0').detail, /2 by delta, 1 by full package, 1 up to date/);
  const [pair] = report.sizes;
  const bytes = statSync(join(full, 'full-update-0.2.0.swu')).size;
  assert.is(pair?.fullBytes, bytes, 'compared with what would be sent');
  assert.equal(report.fulls, [{ version: '0.2.0', sendBytes: bytes, devices: 1 }]);
});

test('the second run has nothing to do', async () => {
  const again = await here.run(['plan', 'plan.yml', '--json'], env);
  assert.equal((JSON.parse(again.stdout) as Document).plans[0]?.steps, [], again.stdout);
});

test('a full package that is damaged is named, fails the devices that need it, and is made again', async () => {
  const path = join(full, 'full-update-0.2.0.swu');
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(9000) ^ 1, 9000);
  writeFileSync(path, bytes);
  const verified = await here.run(['verify', 'plan.yml', '--json'], env);
  assert.is(verified.exitCode, 4);
  const report = JSON.parse(verified.stdout) as ConsistencyReport;
  assert.match(row(report, 'full', '0.2.0').detail, /was modified/);
  assert.is(row(report, 'devices', 'promoted -> 0.2.0').result, 'fail');
  const repaired = await here.run(['verify', '--repair', 'plan.yml', '--json'], env);
  assert.is(repaired.exitCode, 0, repaired.stderr);
  assert.match(repaired.stdout, /"what": "full package 0\.2\.0",\s+"result": "repaired"/);
  assert.is((await here.run(['verify', 'plan.yml'], env)).exitCode, 0);
});

test('a template that drops a protection is inconsistent; a key that names it lets it pass', async () => {
  const text = readFileSync(templatePath('sw-description.hbs'), 'utf8');
  const template = join(here.dir, 'own.hbs');
  writeFileSync(template, text.replace(/scripts: \([^]*?\n\);\n\{\{#if bootenv/, '{{#if bootenv'));
  here.edit((plan) => void (plan.swu = { ...plan.swu, template: 'own.hbs' }));
  const run = await apply();
  assert.is(run.exitCode, 4);
  assert.match(run.stdout, /swu-guard: .*rootfs\.img\.gz: nothing looks at the target/);
  // The package that was made before is whole, and not what the plan says.
  const report = reportOf(run);
  assert.not(report.consistent);
  assert.is(row(report, 'full', '0.2.0').result, 'fail');
  assert.match(row(report, 'devices', 'promoted -> 0.2.0').detail, /swu-guard/);
  here.edit((plan) => void (plan.swu = { ...plan.swu, guard: 'none', readback: false }));
  const allowed = await apply();
  assert.is(allowed.exitCode, 0, allowed.stderr + allowed.stdout);
  assert.match(row(reportOf(allowed), 'package', '0.1.0 -> 0.2.0').detail, /swu-guard/);
  here.edit((plan) => {
    const { template: _own, guard: _guard, readback: _readback, ...swu } = plan.swu;
    plan.swu = swu;
  });
});

test('encrypted packages are proven like any other, and no secret is in the archive', async () => {
  here.edit((plan) => void (plan.swu = { ...plan.swu, encrypt: { key: '${TEST_SWU_AES}' } }));
  const run = await apply();
  assert.is(run.exitCode, 0, run.stderr + run.stdout);
  for (const subject of ['0.2.0', '0.1.0 -> 0.2.0']) {
    assert.match(row(reportOf(run), 'swu', subject).detail, /decryption: .*decrypted with the key/);
    assert.is(row(reportOf(run), 'install', subject).result, 'pass');
  }
  for (const file of [...filesBelow(full), ...filesBelow(update)].filter((one) => !/\.(swu|delta|gz|sig)/.test(one)))
    for (const folder of [full, update].filter((one) => existsSync(join(one, file))))
      assert.not(readFileSync(join(folder, file)).includes(AES.slice(0, 32)), file);
  assert.not(`${run.stdout}${run.stderr}`.includes(AES.slice(0, 32)));
  // On a machine without the key what can be read is checked, and nothing fails.
  const elsewhere = await here.run(['verify', 'plan.yml', '--json']);
  assert.is(elsewhere.exitCode, 0, elsewhere.stdout);
  here.edit((plan) => {
    const { encrypt: _none, ...swu } = plan.swu;
    plan.swu = swu;
  });
});

test('max_share keeps a delta from being offered: its devices take the full package, everywhere', async () => {
  here.edit((plan) => {
    plan.deltas = plan.deltas.map((one) => ({ ...one, max_share: '1%' }));
  });
  const run = await apply();
  assert.is(run.exitCode, 0, run.stderr + run.stdout);
  const once = reportOf(run);
  const again = reportOf(await apply());
  assert.equal(row(once, 'devices', 'promoted -> 0.2.0'), row(again, 'devices', 'promoted -> 0.2.0'));
  assert.equal(once.transfer, again.transfer);
  assert.equal(
    once.fulls?.map((one) => one.devices),
    [3],
  );
  assert.match(row(again, 'devices', 'promoted -> 0.2.0').detail, /0 by delta, 3 by full package.*more than max_share/);
  const targets = await here.run(
    ['targets', 'static-deltas', '0.2.0', '--by-tag', 'promoted', '--dry-run', '--plan', 'plan.yml'],
    env,
  );
  const said = `${targets.exitCode} ${targets.stdout}${targets.stderr}`;
  assert.ok(said.includes('max_share'), said);
});

test('what is published are the packages that devices take: without the full one, the delta whatever its size', async () => {
  const published = async (): Promise<{ full: string | undefined; bases: string[] }> => {
    rmSync(join(here.dir, 'srv'), { recursive: true, force: true });
    const run = await here.run(['publish', 'plan.yml'], env);
    assert.is(run.exitCode, 0, run.stderr + run.stdout);
    const index = JSON.parse(readFileSync(join(here.dir, 'srv/index.json'), 'utf8')) as IndexDocument;
    const version = index.machines[MACHINE]?.['image-prod']?.['0.2.0'];
    return { full: version?.full?.file, bases: (version?.deltas ?? []).map(({ base }) => base) };
  };
  const before = readFileSync(here.plan, 'utf8');
  here.edit((plan) => {
    // max_share is 1 % still.
    plan.publish = [{ name: 'lab', kind: 'directory', path: 'srv' }];
    plan.deltas = plan.deltas.map((one) => ({ ...one, from: ['0.1.0'] }));
  });
  assert.is((await apply()).exitCode, 0);
  const large = await published();
  assert.match(large.full ?? '', /full-update-0\.2\.0\.swu$/);
  assert.equal(large.bases, []);
  // The full package is still in the archive, and the delta still above max_share of it.
  here.edit((plan) => void (plan.swu = { ...plan.swu, full: false }));
  const run = await apply();
  assert.is(run.exitCode, 0, run.stderr + run.stdout);
  assert.ok(existsSync(join(full, 'full-update-0.2.0.swu')));
  // verify reads it too.
  const verified = await here.run(['verify', 'plan.yml', '--json'], env);
  assert.is((JSON.parse(verified.stdout) as ConsistencyReport).sizes[0]?.isNotOffered, undefined, verified.stdout);
  assert.equal(await published(), { full: undefined, bases: ['0.1.0'] });
  writeFileSync(here.plan, before);
  here.edit((plan) => void (plan.swu = { ...plan.swu, full: false }));
  const byTag = await apply();
  assert.is(byTag.exitCode, 4);
  const { detail } = row(reportOf(byTag), 'devices', 'promoted -> 0.2.0');
  assert.match(detail, /2 by delta.*swu\.full is false/);
  writeFileSync(here.plan, before);
});

test('what openSwu says of the full package is what a device finds', async () => {
  mkdirSync(join(here.dir, 'open'), { recursive: true });
  copyFileSync(join(full, 'full-update-0.2.0.swu'), join(here.dir, 'copy.swu'));
  const { description } = await openSwu(join(here.dir, 'copy.swu'), { workDir: join(here.dir, 'open') });
  assert.equal(
    description?.views.map((view) => view.entries.map((one) => one.type)),
    [0, 1].map(() => ['raw', 'shellscript', 'readback']),
  );
  assert.is(description?.description, `tolomeo 0.2.0 for ${MACHINE}`);
});

test.run();
