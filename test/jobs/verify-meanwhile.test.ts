/** `verify` takes no lock: what another run has in flight is no damage. */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readUpdate } from '../../src/archive/manifest.ts';
import { lockFile } from '../../src/archive/layout.ts';
import type { Host } from '../../src/delivery/host.ts';
import { verify } from '../../src/jobs/verify.ts';
import { isBeingReplaced, publishFolder } from '../../src/io/atomic.ts';
import { isHeld, takeLock } from '../../src/io/lock.ts';
import { archivedProduct, type ArchivedProduct } from '../support/archived.ts';
import type { CliResult } from '../support/product.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('steps/verify meanwhile');

let here: ArchivedProduct;
let pristine: string;
/** One update made in two ways; both are whole. */
let variants: string[];

const compress = (how: string): void => here.edit((plan) => void (plan.swu = { ...plan.swu, compress: how }));

test.before(async () => {
  here = await archivedProduct('meanwhile');
  pristine = join(here.dir, 'pristine');
  cpSync(here.archive, pristine, { recursive: true, preserveTimestamps: true });
  const kept = scratch('meanwhile-variants');
  variants = ['gzip', 'none'].map((how) => join(kept, how));
  for (const [index, how] of ['gzip', 'none'].entries()) {
    compress(how);
    const run = await here.run(['apply', 'plan.yml']);
    assert.is(run.exitCode, 0, run.stderr);
    cpSync(here.update('0.1.0'), variants[index] ?? '', { recursive: true });
  }
});

test.before.each(() => {
  rmSync(here.archive, { recursive: true });
  cpSync(pristine, here.archive, { recursive: true, preserveTimestamps: true });
});

const host = (): Host => ({
  env: process.env,
  signal: new AbortController().signal,
  report: () => {},
  drive: async (tasks) => {
    for (const task of tasks) await task.run(() => {});
  },
});

/** Gives the update another folder again and again, as apply does, until `body` has ended. */
async function whileExchanged(body: (exchanges: () => number) => Promise<void>): Promise<number> {
  let exchanges = 0;
  const done = { value: false };
  const exchange = async (): Promise<void> => {
    while (!done.value) {
      await publishFolder(
        here.update('0.1.0'),
        async (staging) => await cp(variants[exchanges % 2] ?? '', staging, { recursive: true }),
        { replace: true },
      );
      exchanges += 1;
      await turn();
    }
  };
  const running = exchange();
  try {
    await body(() => exchanges);
  } finally {
    done.value = true;
    await running;
  }
  return exchanges;
}

test('an update that is exchanged while it is read is whole, before or after', async () => {
  let reads = 0;
  const exchanges = await whileExchanged(async (soFar) => {
    // Until enough of both has happened, however slow the machine is.
    const until = performance.now() + 120_000;
    for (; performance.now() < until && (soFar() <= 50 || reads <= 50); reads += 1) {
      const held = await readUpdate(here.update('0.1.0'), '0.1.0', '0.3.0');
      assert.is(held.state, 'whole', JSON.stringify(held));
    }
  });
  assert.ok(exchanges > 50 && reads > 50, `${exchanges} exchanges, ${reads} reads`);
});

test('verify --deep shows anew what was exchanged between its two looks', async () => {
  const plan = await here.load();
  const exchanges = await whileExchanged(async () => {
    for (let run = 0; run < 8; run += 1) {
      const { report, unreadable } = await verify(plan, host(), { deep: true });
      assert.equal(
        report.checks.filter((row) => row.result === 'fail'),
        [],
      );
      assert.equal(unreadable, []);
    }
  });
  assert.ok(exchanges > 8, `${exchanges} exchanges`);
});

test('what a killed run left half exchanged is missing, and not waited for without end', async () => {
  const from = here.update('0.1.0');
  renameSync(from, join(from, '..', '.release-plan-tmp-from_0.1.0-1-00000000.aside'));
  assert.is(await isBeingReplaced(from), true);
  const started = performance.now();
  assert.is((await readUpdate(from, '0.1.0', '0.3.0')).state, 'absent');
  assert.ok(performance.now() - started < 10_000);
});

/** Runs verify over and over until the others have ended. */
async function verifyDuring(others: Promise<void>): Promise<CliResult[]> {
  const runs: CliResult[] = [];
  const over = { value: false };
  const ended = others.finally(() => (over.value = true));
  while (!over.value) runs.push(await here.run(['verify', 'plan.yml', '--json']));
  await ended;
  return runs;
}

test('verify in a loop while apply makes updates again and gc takes versions away: never any damage', async () => {
  here.edit((plan) => {
    plan.versions = plan.versions.filter(({ version }) => version !== '0.1.0');
    plan.retention = { keep_last: 1, keep_tagged: false, keep_unrequired_deltas: false, trash: '1d' };
  });
  compress('gzip');
  const first = await here.run(['apply', 'plan.yml']);
  assert.is(first.exitCode, 0, first.stderr);
  const ended: CliResult[] = [];
  const runs = await verifyDuring(
    (async () => {
      for (const how of ['none', 'gzip', 'none']) {
        compress(how);
        ended.push(await here.run(['apply', 'plan.yml']));
      }
      ended.push(await here.run(['gc', 'plan.yml', '--yes']));
      ended.push(await here.run(['apply', 'plan.yml', '--nightly']));
    })(),
  );
  assert.equal(
    ended.map((run) => run.exitCode),
    [0, 0, 0, 0, 0],
    ended.map((run) => run.stderr + run.stdout).join('\n'),
  );
  assert.not.ok(existsSync(join(here.archive, '0.1.0')), 'gc took it');
  assert.ok(runs.length >= 5, `${runs.length} runs of verify`);
  for (const run of runs) assert.is(run.exitCode, 0, run.stderr + run.stdout);
});

test(
  'a build that stores its own files is not archived yet while a run holds the archive, and damaged ' +
    'when none does',
  async () => {
    const dir = join(here.archive, '0.2.0');
    rmSync(join(dir, 'manifest.json'));
    const plan = await here.load();
    const said = async (): Promise<string | undefined> =>
      (await verify(plan, host(), { deep: false })).report.checks.find(
        (row) => row.check === 'archive' && row.subject === '0.2.0',
      )?.detail;
    mkdirSync(here.archive, { recursive: true });
    const lock = await takeLock(lockFile(plan), 'apply plan.yml');
    assert.is(await isHeld(lockFile(plan)), true);
    assert.is(await said(), 'not in the archive');
    await lock.release();
    await sleep(10);
    assert.is(await isHeld(lockFile(plan)), false);
    assert.is(await said(), `${join(dir, 'manifest.json')} is missing`);
  },
);

test.run();
