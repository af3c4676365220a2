/** Many runs at once leave what one leaves: each works, waits or goes away with a clear message. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMAND, WHOLE_COMMAND, differences, leftovers, makeRig, snapshot, type Rig } from '../faults/rig.ts';
import { MACHINE, type CliResult, type PlanYaml } from '../support/product.ts';

const test = suite('concurrent');

let rig: Rig;

test.before(async () => {
  rig = await makeRig('concurrent');
});

const eight = async (command: readonly string[]): Promise<CliResult[]> =>
  await Promise.all(Array.from({ length: 8 }, async () => await rig.product.run(command, rig.env)));

function sameAsFromOne(): void {
  assert.equal(differences(snapshot(rig.product), rig.reference), []);
  assert.equal(leftovers(rig), []);
}

test('8 runs that wait: all end well, one did the work', async () => {
  rig.reset();
  const runs = await eight([...COMMAND, '--wait']);
  assert.equal(
    runs.map((run) => run.exitCode),
    Array.from({ length: 8 }, () => 0),
    runs.map((run) => run.stderr).join('\n'),
  );
  assert.is(runs.filter((run) => run.stderr.includes('> archive 0.2.0')).length, 1);
  sameAsFromOne();
});

test("8 runs that do not wait: those that find the archive held leave with the holder's name", async () => {
  rig.reset();
  const runs = await eight(COMMAND);
  assert.ok(
    runs.some((run) => run.exitCode === 0),
    'one of them works',
  );
  for (const run of runs.filter((one) => one.exitCode !== 0)) {
    assert.is(run.exitCode, 5, run.stderr);
    assert.match(run.stderr, /error\[locked\]: .*\.release-plan\.lock is locked by/);
  }
  assert.is(runs.filter((run) => run.stderr.includes('> archive 0.2.0')).length, 1);
  sameAsFromOne();
});

/** A second plan beside the first, of a product with another image name: an archive folder of its own. */
function secondPlan(change: (plan: PlanYaml) => void): string {
  const plan = parse(readFileSync(rig.product.plan, 'utf8')) as PlanYaml;
  change(plan);
  writeFileSync(join(rig.product.dir, 'second.yml'), stringify(plan));
  return 'second.yml';
}

test('two plans that share an archive: one waits for the other', async () => {
  rig.reset();
  const other = secondPlan((plan) => void (plan.deltas = []));
  const runs = await Promise.all([
    rig.product.run([...COMMAND, '--wait'], rig.env),
    rig.product.run(['apply', other, '--only', 'archive,report', '--wait'], rig.env),
  ]);
  assert.equal(
    runs.map((run) => run.exitCode),
    [0, 0],
    runs.map((run) => run.stderr).join('\n'),
  );
  const found = [...snapshot(rig.product)].filter(([path]) => !path.includes('/reports/tolomeo-second'));
  assert.equal(differences(new Map(found), rig.reference), []);
});

test('two plans that share a build directory alone: one builds after the other, and each archives what is its own', async () => {
  rig.reset('empty');
  const other = secondPlan((plan) => {
    plan.artifacts = 'other-artifacts';
    plan.versions = [{ version: '0.3.0' }];
    plan.deltas = [];
  });
  const [first, second] = await Promise.all([
    rig.product.run([...WHOLE_COMMAND, '--wait'], rig.env),
    rig.product.run(['apply', other, '--wait'], rig.env),
  ]);
  assert.equal([first.exitCode, second.exitCode], [0, 0], `${first.stderr}\n${second.stderr}`);
  sameAsFromOne();
  const manifest = JSON.parse(
    readFileSync(join(rig.product.dir, 'other-artifacts', MACHINE, 'image-prod/0.3.0/manifest.json'), 'utf8'),
  ) as { proof: Array<{ detail: string }> };
  assert.match(manifest.proof.map((one) => one.detail).join(), 'holds 0.3.0');
});

test('two plans that build the same version in one build directory: BitBake makes it once, and both archive it', async () => {
  rig.reset('empty');
  const elsewhere = 'artifacts-of-the-second';
  const other = secondPlan((plan) => void (plan.artifacts = elsewhere));
  const runs = await Promise.all([
    rig.product.run([...WHOLE_COMMAND, '--wait'], rig.env),
    rig.product.run(['apply', other, '--wait'], rig.env),
  ]);
  assert.equal(
    runs.map((run) => run.exitCode),
    [0, 0],
    runs.map((run) => run.stderr).join('\n'),
  );
  sameAsFromOne();
  const archives = ['artifacts', elsewhere].map((name) => join(rig.product.dir, name, MACHINE, 'image-prod'));
  for (const version of ['0.1.0', '0.2.0']) {
    const [first, second] = archives.map((archive) => imagesOf(join(archive, version)));
    assert.ok(first !== undefined && first.length > 0);
    assert.equal(second, first, version);
  }
});

test('what another plan has built and archived last is taken as it stands, unless a layer changed', async () => {
  rig.reset('built');
  const archived = await rig.product.run(COMMAND, rig.env);
  assert.is(archived.exitCode, 0, archived.stderr);
  const third = (artifacts: string): string =>
    secondPlan((plan) => Object.assign(plan, { artifacts, versions: [{ version: '0.2.0' }], deltas: [] }));
  const taken = await rig.product.run(['apply', third('artifacts-of-the-third')], rig.env);
  assert.is(taken.exitCode, 0, taken.stderr);
  const [first, second] = ['artifacts', 'artifacts-of-the-third'].map((name) =>
    join(rig.product.dir, name, MACHINE, 'image-prod/0.2.0'),
  );
  assert.equal(imagesOf(second ?? ''), imagesOf(first ?? ''));
  assert.match(
    readFileSync(join(second ?? '', 'manifest.json'), 'utf8'),
    'of an earlier build of 0.2.0 from the same configuration and layers',
  );

  const layer = join(rig.product.dir, 'layers/meta-tolomeo/conf/layer.conf');
  writeFileSync(layer, `${readFileSync(layer, 'utf8')}# BitBake builds nothing again for a comment\n`);
  const refused = await rig.product.run(['apply', '--new-archive', third('artifacts-of-the-fourth')], rig.env);
  assert.is(refused.exitCode, 3, refused.stderr);
  assert.match(
    refused.stderr,
    /kas succeeded without building it, and .*layer\.conf, in a layer with uncommitted changes, was modified/,
    refused.stderr,
  );
});

function imagesOf(version: string): string[] {
  const { files } = JSON.parse(readFileSync(join(version, 'manifest.json'), 'utf8')) as {
    files: Array<{ role: string; sha256: string }>;
  };
  return files.filter((one) => one.role === 'image').map((one) => one.sha256);
}

test('without --wait the second is told who builds', async () => {
  rig.reset('empty');
  const other = secondPlan((plan) => void (plan.artifacts = 'other-artifacts-2'));
  const { child, done } = rig.product.start([...WHOLE_COMMAND], rig.env);
  await new Promise<void>((resolve) =>
    child.stderr?.on('data', (chunk: Buffer) => void (chunk.toString('utf8').includes('task 1 of') && resolve())),
  );
  const turned = await rig.product.run(['apply', other], rig.env);
  assert.is(turned.exitCode, 5, turned.stderr);
  assert.match(turned.stderr, /error\[build-dir-busy\]: .*locked by apply .*plan\.yml \(pid \d+/);
  child.kill('SIGTERM');
  assert.is((await done).exitCode, 130);
});

test.run();
