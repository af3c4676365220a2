/** A pipe, a device or a huge file in any place of a plan: refused at once, never waited for, never filled into memory. */
import { execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { archivedProduct, type ArchivedProduct } from '../support/archived.ts';
import type { CliResult, PlanYaml } from '../support/product.ts';

const test = suite('only regular files');

/** Far more than any of these needs; without a bound each would stay for ever. */
const PATIENCE_MS = 60_000;

let here: ArchivedProduct;
let untouched: string;

test.before(async () => {
  here = await archivedProduct('only-files', ['0.1.0', '0.2.0']);
  execFileSync('mkfifo', [join(here.dir, 'pipe')]);
  writeFileSync(join(here.dir, 'huge'), '');
  truncateSync(join(here.dir, 'huge'), 20 * 1024 ** 3);
  here.edit((plan) => void (untouched = JSON.stringify(plan)));
});

async function runBounded(args: readonly string[]): Promise<CliResult> {
  const { child, done } = here.start(args);
  const late = sleep(PATIENCE_MS, undefined, { ref: false });
  const run = await Promise.race([done, late]);
  if (run === undefined) child.kill('SIGKILL');
  assert.ok(run !== undefined, `${args.join(' ')} did not end`);
  return run as CliResult;
}

const PLACES: Record<string, (plan: PlanYaml, path: string) => void> = {
  'fleet': (plan, path) => void (plan.fleet = path),
  'targets': (plan, path) => void (plan.targets = path),
  'swu.template': (plan, path) => void (plan.swu.template = path),
  'signing.public': (plan, path) => void (plan.signing.public = path),
  'signing.cert': (plan, path) => void (plan.signing.cert = path),
  'signing.key': (plan, path) => void (plan.signing.key = path),
};
/** Commands that read what stands there. */
const READERS: Record<string, readonly string[]> = {
  'fleet': ['plan', 'plan.yml'],
  'targets': ['targets', 'list', '--plan', 'plan.yml'],
  'swu.template': ['plan', 'plan.yml'],
  'signing.public': ['verify', 'plan.yml'],
  'signing.cert': ['apply', 'plan.yml'],
  'signing.key': ['apply', 'plan.yml'],
};

test('a pipe as kas.config ends with exit code 2, also where the kind of an image has one look into it', async () => {
  here.edit((plan) => {
    Object.assign(plan, JSON.parse(untouched));
    plan.kas = { config: 'pipe' };
    for (const one of plan.partitions) one.file = 'image-{machine}.squashfs-zst';
  });
  const run = await runBounded(['validate', 'plan.yml']);
  assert.is(run.exitCode, 2, `${run.exitCode}: ${run.stderr}${run.stdout}`);
  assert.match(run.stderr, 'path-missing');
});

for (const [place, put] of Object.entries(PLACES)) {
  for (const [what, path] of [
    ['a pipe', 'pipe'],
    ['/dev/zero', '/dev/zero'],
    ['20 GiB', 'huge'],
  ] as const) {
    test(`${what} as ${place} ends with exit code 2 and a reason`, async () => {
      here.edit((plan) => {
        Object.assign(plan, JSON.parse(untouched));
        delete plan.fleet;
        delete plan.targets;
        put(plan, path);
        // Something to sign, so that keys are looked at.
        plan.swu.bootenv = { made: `${place} ${what}` };
      });
      const run = await runBounded(READERS[place] ?? []);
      assert.is(run.exitCode, 2, `${run.exitCode}: ${run.stderr}${run.stdout}`);
      assert.match(run.stderr, /file-not-regular|file-too-large|path-missing|path-outside|is no regular file|fleet-/);
    });
  }
}

test('what stands in a file outside of the repository is in no message', async () => {
  const secret = 'root:$6$salt$hash:19000:0:99999:7:::';
  const elsewhere = join(here.keys, 'shadow');
  writeFileSync(elsewhere, `${secret}\n${secret}\n`);
  for (const [place, put] of Object.entries(PLACES)) {
    here.edit((plan) => {
      Object.assign(plan, JSON.parse(untouched));
      delete plan.fleet;
      delete plan.targets;
      put(plan, elsewhere);
      plan.swu.bootenv = { made: place };
    });
    const run = await runBounded(READERS[place] ?? []);
    assert.is.not(run.exitCode, 1, run.stderr);
    assert.not.match(run.stderr + run.stdout, /\$6\$|salt|99999/);
  }
});

test('SIGTERM ends a command that reads a fleet which never ends', async () => {
  here.edit((plan) => {
    Object.assign(plan, JSON.parse(untouched));
    plan.fleet = { command: 'echo uuid,tag,version; exec yes d,promoted,0.1.0' };
  });
  const { child, done } = here.start(['apply', 'plan.yml']);
  await sleep(1500);
  assert.is(child.exitCode, null);
  const from = performance.now();
  child.kill('SIGTERM');
  const run = await Promise.race([done, sleep(PATIENCE_MS, undefined, { ref: false })]);
  if (run === undefined) child.kill('SIGKILL');
  assert.is(run?.exitCode, 130);
  assert.ok(performance.now() - from < 30_000);
});

test.run();
