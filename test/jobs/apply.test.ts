/** The whole way, as a user runs it: real kas, rdiff, openssl and swupdate; bitbake alone is a stand-in. */
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRecord } from '../../src/core/run-record.ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { processesIn } from '../kas/project.ts';
import { filesBelow, product, type CliResult, type Product } from '../support/product.ts';
import { swupdate } from '../support/swupdate.ts';

const test = suite('apply');

interface Document {
  plans: Array<{
    exitCode: number;
    steps: Array<{ title: string; state: string; message: string; code?: string }>;
    report: { consistent: boolean; checks: Array<{ check: string; subject: string; result: string; detail: string }> };
  }>;
}

const documentOf = (result: CliResult): Document['plans'][0] => {
  const [only] = (JSON.parse(result.stdout) as Document).plans;
  if (only === undefined) throw new Error(`no plan in ${result.stdout}`);
  return only;
};

const outcomes = (result: CliResult): string[] =>
  documentOf(result).steps.map((step) => `${step.title}: ${step.state}`);

const SIX = (from: string): string[] => [
  'build-info.txt',
  'delta-info.json',
  `delta-update-${from}-to-0.3.0.swu`,
  'rootfs.delta',
  'rootfs.delta.gz',
  'rootfs.signature',
];

/** One product that is applied whole once, for the tests that look at the result. */
const whole = product('whole');
let first: CliResult;

const updateOf = (of: Product, from: string): string => join(of.archive, '0.3.0/updates', `from_${from}`);
const swuOf = (of: Product, from: string): string => join(updateOf(of, from), `delta-update-${from}-to-0.3.0.swu`);
const imageOf = (of: Product, version: string): string =>
  join(of.archive, version, 'image-prod-tolomeo-qemux86-64.squashfs');

test.before(async () => {
  whole.edit((plan) => void (plan.prove = { install: true }));
  first = await whole.run(['apply', 'plan.yml', '--json']);
});

test('from an empty archive to proven updates', () => {
  assert.is(first.exitCode, 0, first.stderr);
  assert.equal(outcomes(first), [
    ...['0.1.0', '0.2.0', '0.3.0'].flatMap((version) => [`build ${version}: done`, `archive ${version}: done`]),
    'delta 0.1.0 -> 0.3.0 (rdiff): done',
    'delta 0.2.0 -> 0.3.0 (rdiff): done',
    'report: done',
  ]);
  for (const from of ['0.1.0', '0.2.0']) assert.equal(filesBelow(updateOf(whole, from)), SIX(from));
  const { report } = documentOf(first);
  assert.ok(report.consistent);
  assert.equal(
    report.checks.filter((row) => row.result !== 'pass').map((row) => row.check),
    ['devices'],
  );
  assert.is(filesBelow(whole.archive).filter((file) => file.includes('release-plan-tmp')).length, 0);
});

test('the page says GO, which files the deltas are made of, and links to what is there', () => {
  const reports = join(whole.archive, 'reports');
  const page = readFileSync(join(reports, 'tolomeo-plan.html'), 'utf8');
  assert.match(page, '<title>GO: tolomeo, ');
  assert.match(page, 'What the delta of rootfs is made of');
  assert.match(page, /<th scope="row" class="path">\/[^<]+<\/th>/);
  const links = [...page.matchAll(/href="([^"#]+)"/g)].map(([, href = '']) => decodeURIComponent(href));
  assert.ok(links.some((one) => one.endsWith('delta-update-0.1.0-to-0.3.0.swu')));
  assert.ok(links.some((one) => one.endsWith('logs/0.2.0.log')));
  assert.equal(
    links.filter((one) => !existsSync(join(reports, one))),
    [],
  );
});

test('a run leaves one record, which the page draws; one that has nothing to do leaves none', async () => {
  const records = (): string[] =>
    filesBelow(join(whole.archive, 'reports/tolomeo-plan')).filter((one) => !/blame|changes/.test(one));
  assert.is(records().length, 1);
  const record = JSON.parse(
    readFileSync(join(whole.archive, 'reports/tolomeo-plan', records()[0] ?? ''), 'utf8'),
  ) as RunRecord;
  assert.equal([record.kind, record.exitCode, record.steps], ['apply', 0, { done: 9, failed: 0, skipped: 0 }]);
  assert.is(record.sizes?.updates, 2);
  const page = join(whole.archive, 'reports/tolomeo-plan.html');
  assert.match(readFileSync(page, 'utf8'), 'no failure');
  const before = readFileSync(page);
  assert.is((await whole.run(['apply', 'plan.yml'])).exitCode, 0);
  assert.equal([records().length, readFileSync(page).equals(before)], [1, true]);
});

test('applied again it does nothing, says so, and runs no build', async () => {
  const logs = join(whole.dir, '.release-plan/logs/0.1.0.log');
  const before = [
    statSync(logs).mtimeMs,
    ...filesBelow(whole.archive).map((file) => `${file} ${statSync(join(whole.archive, file)).mtimeMs}`),
  ];
  const leftover = join(whole.dir, 'build/.release-plan/.release-plan-tmp-proven.json-1-00000000');
  writeFileSync(leftover, '');
  const again = await whole.run(['apply', 'plan.yml']);
  assert.is(again.exitCode, 0, again.stderr);
  assert.match(again.stdout, 'Nothing to do');
  assert.not.ok(existsSync(leftover), 'what a killed run left in the build directory goes also when nothing is built');
  assert.equal(
    [
      statSync(logs).mtimeMs,
      ...filesBelow(whole.archive).map((file) => `${file} ${statSync(join(whole.archive, file)).mtimeMs}`),
    ].filter((one) => !String(one).includes('.lock')),
    before.filter((one) => !String(one).includes('.lock')),
  );
  const plan = await whole.run(['plan', 'plan.yml', '--json']);
  assert.equal((JSON.parse(plan.stdout) as Document).plans[0]?.steps, []);
});

/** What stands on a slot before an update: as large as the image, since devices are not files that grow. */
const rubbish = (on: Product): Buffer => Buffer.alloc(statSync(imageOf(on, '0.3.0')).size, 'what stood there before ');

for (const [selection, base, target] of [
  ['stable,main', 'b', 'a'],
  ['stable,alt', 'a', 'b'],
] as const) {
  test(`the device's SWUpdate installs it with -e ${selection}, bit for bit`, async () => {
    copyFileSync(imageOf(whole, '0.1.0'), whole.slots[base]);
    writeFileSync(whole.slots[target], rubbish(whole));
    const run = await swupdate(whole.dir, swuOf(whole, '0.1.0'), join(whole.keys, 'ec.crt'), { select: selection });
    assert.is(run.exitCode, 0, run.log);
    assert.ok(readFileSync(whole.slots[target]).equals(readFileSync(imageOf(whole, '0.3.0'))));
  });

  test(`a wrong base is refused with -e ${selection}, and the target untouched`, async () => {
    copyFileSync(imageOf(whole, '0.2.0'), whole.slots[base]);
    writeFileSync(whole.slots[target], rubbish(whole));
    const run = await swupdate(whole.dir, swuOf(whole, '0.1.0'), join(whole.keys, 'ec.crt'), { select: selection });
    assert.is.not(run.exitCode, 0);
    assert.ok(readFileSync(whole.slots[target]).equals(rubbish(whole)));
  });
}

test('verify shows it all again', async () => {
  const run = await whole.run(['verify', 'plan.yml', '--deep', '--json']);
  assert.is(run.exitCode, 0, run.stderr);
  const { checks } = JSON.parse(run.stdout) as Document['plans'][0]['report'];
  assert.equal(
    checks.filter((row) => row.check === 'delta').map((row) => [row.subject, row.result]),
    ['0.1.0', '0.2.0'].flatMap((from) => Array.from({ length: 2 }, () => [`${from} -> 0.3.0`, 'pass'])),
  );
});

test('a plan that says otherwise of packaging makes the updates again, and builds nothing', async () => {
  whole.edit((plan) => void (plan.swu.compress = 'zstd'));
  const run = await whole.run(['apply', 'plan.yml', '--json']);
  assert.is(run.exitCode, 0, run.stderr);
  assert.equal(outcomes(run), [
    'delta 0.1.0 -> 0.3.0 (rdiff): done',
    'delta 0.2.0 -> 0.3.0 (rdiff): done',
    'report: done',
  ]);
  copyFileSync(imageOf(whole, '0.2.0'), whole.slots.b);
  const device = await swupdate(whole.dir, swuOf(whole, '0.2.0'), join(whole.keys, 'ec.crt'), {
    select: 'stable,main',
  });
  assert.is(device.exitCode, 0, device.log);
  assert.ok(readFileSync(whole.slots.a).equals(readFileSync(imageOf(whole, '0.3.0'))));
});

test('a damaged update is made again; a damaged base is named, and nothing is built on it', async () => {
  writeFileSync(join(updateOf(whole, '0.2.0'), 'rootfs.delta'), 'rot');
  const image = imageOf(whole, '0.1.0');
  const bytes = readFileSync(image);
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  writeFileSync(image, bytes);
  rmSync(updateOf(whole, '0.1.0'), { recursive: true });
  const run = await whole.run(['apply', 'plan.yml', '--json', '--keep-going']);
  assert.is(run.exitCode, 4);
  assert.equal(outcomes(run), [
    'delta 0.1.0 -> 0.3.0 (rdiff): failed',
    'delta 0.2.0 -> 0.3.0 (rdiff): done',
    'report: done',
  ]);
  const [failed] = documentOf(run).steps;
  assert.is(failed?.code, 'archive-damaged');
  assert.match(failed?.message ?? '', `${image} was modified`);
  assert.equal(filesBelow(updateOf(whole, '0.1.0')), []);
  assert.equal(filesBelow(updateOf(whole, '0.2.0')), SIX('0.2.0'));
});

test('versions of another Yocto configuration get no update: exit 4, no .swu, the report says why', async () => {
  const here = product('mixed');
  here.edit((plan) => {
    plan.versions = [
      { version: '0.1.0', tags: ['promoted'], kas: [here.kasFile('systemd', ['INIT_MANAGER = "systemd"'])] },
      { version: '0.3.0' },
    ];
  });
  const run = await here.run(['apply', 'plan.yml', '--json']);
  assert.is(run.exitCode, 4, run.stderr);
  assert.equal(
    filesBelow(here.archive).filter((file) => file.endsWith('.swu')),
    [],
  );
  const failing = documentOf(run).report.checks.filter((row) => row.result === 'fail');
  assert.equal(
    failing.map((row) => row.check),
    ['configuration', 'delta'],
  );
  assert.match(failing[0]?.detail ?? '', 'INIT_MANAGER (only in 0.1.0)');
});

test("a build that fails ends in exit 3, names BitBake's error and the log; --keep-going builds the others", async () => {
  const here = product('failing');
  here.edit((plan) => {
    plan.versions = [
      { version: '0.1.0', tags: ['promoted'] },
      { version: '0.2.0', tags: ['promoted'], kas: [here.kasFile('broken', ['STAND_IN_EXIT_CODE = "1"'])] },
      { version: '0.3.0' },
    ];
  });
  const run = await here.run(['apply', 'plan.yml', '--json', '--keep-going']);
  assert.is(run.exitCode, 3);
  assert.equal(outcomes(run), [
    'build 0.1.0: done',
    'archive 0.1.0: done',
    'build 0.2.0: failed',
    'archive 0.2.0: skipped',
    'build 0.3.0: done',
    'archive 0.3.0: done',
    'delta 0.1.0 -> 0.3.0 (rdiff): done',
    'delta 0.2.0 -> 0.3.0 (rdiff): skipped',
    'report: done',
  ]);
  assert.match(
    documentOf(run).steps.find((step) => step.state === 'failed')?.message ?? '',
    join(here.dir, '.release-plan/logs/0.2.0.log'),
  );
  // The row of the report is one line, and leaves the end of the task's log to the step.
  const { detail = '' } = documentOf(run).report.checks.find((one) => one.subject === '0.2.0') ?? {};
  assert.match(detail, /^kas build failed .* the last \d+ lines of \S+:$/);
});

test("engine kas: the product's own delta build, put through the same proof", async () => {
  const here = product('engine-kas');
  here.edit((plan) => {
    plan.versions = [{ version: '0.1.0', tags: ['promoted'] }, { version: '0.3.0' }];
    plan.deltas = [{ to: '0.3.0', from: { tag: 'promoted' }, engine: 'kas' }];
  });
  const run = await here.run(['apply', 'plan.yml', '--json']);
  assert.is(run.exitCode, 0, run.stderr);
  assert.equal(filesBelow(updateOf(here, '0.1.0')), SIX('0.1.0'));
  const info = JSON.parse(readFileSync(join(updateOf(here, '0.1.0'), 'delta-info.json'), 'utf8')) as {
    engine: string;
    proof: Array<{ check: string; result: string }>;
  };
  assert.is(info.engine, 'kas');
  assert.equal(
    info.proof.map((one) => `${one.check} ${one.result}`),
    [
      'delta-applies pass',
      'librsync-applies pass',
      'swu-opens pass',
      'swu-content pass',
      'swupdate-accepts pass',
      'swupdate-installs not-checked',
    ],
  );
  copyFileSync(imageOf(here, '0.1.0'), here.slots.b);
  writeFileSync(here.slots.a, rubbish(here));
  const device = await swupdate(here.dir, swuOf(here, '0.1.0'), join(here.keys, 'ec.crt'), { select: 'stable,main' });
  assert.is(device.exitCode, 0, device.log);
  assert.ok(readFileSync(here.slots.a).equals(readFileSync(imageOf(here, '0.3.0'))));
});

test('an expired certificate is refused before anything is built', async () => {
  const here = product('expired');
  here.edit(
    (plan) =>
      void (plan.signing = {
        method: 'cms',
        key: join(here.keys, 'ec.pem'),
        cert: join(here.keys, 'expired.crt'),
        public: join(here.keys, 'expired.crt'),
      }),
  );
  const run = await here.run(['apply', 'plan.yml']);
  assert.is(run.exitCode, 5);
  assert.match(run.stderr, 'certificate-expired');
  assert.equal(filesBelow(join(here.dir, 'build')), []);
});

test('an encryption key that is not there, or is none, is found before anything is built', async () => {
  const here = product('no-aes-key');
  for (const [key, code] of [
    ['keys/none.aes', 'encryption-key-missing'],
    ['plan.yml', 'encryption-key-unreadable'],
  ] as const) {
    here.edit((plan) => void (plan.swu = { ...plan.swu, encrypt: { key } }));
    const run = await here.run(['apply', 'plan.yml']);
    assert.is(run.exitCode, 5);
    assert.match(run.stderr, `error[${code}]: ${key}: `);
    assert.equal(filesBelow(join(here.dir, 'build')), []);
  }
});

test('Ctrl-C in a build ends with 130, leaves no process and no version, and a rerun completes', async () => {
  const here = product('interrupted');
  here.edit((plan) => {
    plan.versions = [
      { version: '0.1.0', tags: ['promoted'], kas: [here.kasFile('slow', ['STAND_IN_TASK_SECONDS = "60"'])] },
      { version: '0.3.0' },
    ];
  });
  const { child, done } = here.start(['apply', 'plan.yml']);
  let said = '';
  await new Promise<void>((resolve) =>
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said.includes('task 1 of')) resolve();
    }),
  );
  child.kill('SIGINT');
  const run = await done;
  assert.is(run.exitCode, 130, run.stderr);
  assert.equal(processesIn(here.dir), []);
  assert.equal(
    filesBelow(here.archive).filter((file) => file.startsWith('0.')),
    [],
  );
  here.edit((plan) => void (plan.versions = [{ version: '0.1.0', tags: ['promoted'] }, { version: '0.3.0' }]));
  const rerun = await here.run(['apply', 'plan.yml']);
  assert.is(rerun.exitCode, 0, rerun.stderr);
  assert.equal(filesBelow(updateOf(here, '0.1.0')), SIX('0.1.0'));
});

test('a second apply meanwhile is told who holds the archive; with --wait it follows and finds all done', async () => {
  const here = product('two-at-once');
  const { child, done } = here.start(['apply', 'plan.yml']);
  await new Promise<void>((resolve) => child.stderr?.once('data', () => resolve()));
  const [turned, waited] = await Promise.all([
    here.run(['apply', 'plan.yml']),
    here.run(['apply', 'plan.yml', '--wait']),
  ]);
  assert.is(turned.exitCode, 5);
  assert.match(turned.stderr, `pid ${child.pid}`);
  assert.is((await done).exitCode, 0);
  assert.is(waited.exitCode, 0, waited.stderr);
  assert.match(waited.stdout, 'Nothing to do');
});

test('without the versions that a step needs: exit 4, the code and the version', async () => {
  const here = product('unbuilt');
  for (const [phase, words] of [
    ['delta', /^version 0\.\d\.0 is not in the archive/],
    ['archive', /is not a successful build of 0\.1\.0/],
  ] as const) {
    const run = await here.run(['apply', 'plan.yml', '--only', phase, '--json']);
    assert.is(run.exitCode, 4, run.stderr);
    const failed = documentOf(run).steps.find((step) => step.state === 'failed');
    assert.is(failed?.code, 'archive-missing');
    assert.match(failed?.message ?? '', words);
  }
});

test('--dry-run and plan change nothing and say why; --only leaves the rest out', async () => {
  const here = product('partial');
  const dry = await here.run(['apply', 'plan.yml', '--dry-run']);
  assert.is(dry.exitCode, 0);
  assert.match(dry.stdout, /delta 0\.2\.0 -> 0\.3\.0 \(rdiff\) +required by tag promoted; not in the archive/);
  assert.equal(filesBelow(here.archive), []);
  assert.is((await here.run(['apply', '.', '--dry-run'])).stdout, dry.stdout);
  assert.is((await here.run(['plan', 'nowhere/*.yml'])).exitCode, 2);
  here.edit((plan) => void (plan.versions = plan.versions.slice(1)));
  const only = await here.run(['apply', 'plan.yml', '--only', 'build,archive', '--json']);
  assert.is(only.exitCode, 0, only.stderr);
  assert.equal(outcomes(only), [
    'build 0.2.0: done',
    'archive 0.2.0: done',
    'build 0.3.0: done',
    'archive 0.3.0: done',
    'delta 0.2.0 -> 0.3.0 (rdiff): skipped',
    'report: skipped',
  ]);
  const wrong = await here.run(['apply', 'plan.yml', '--only', 'bulid']);
  assert.is(wrong.exitCode, 2);
});

test.run();
