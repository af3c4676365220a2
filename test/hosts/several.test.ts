/** Several steps at once in one process: what comes of it, and of what goes wrong, is as one at a time. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { differences, snapshot } from '../faults/rig.ts';
import { processesIn } from '../kas/project.ts';
import { manyProduct, PAIRS, type ManyProduct } from '../support/many.ts';
import { filesBelow, type CliResult } from '../support/product.ts';
import { scratch } from '../support/scratch.ts';
import { stub } from '../support/stub.ts';

const test = suite('several at once');

let many: ManyProduct;

test.before(async () => {
  many = await manyProduct('several');
});

test.before.each(() => many.reset());

const stepsOf = (run: CliResult): Array<{ title: string; state: string; message: string; code?: string }> =>
  (JSON.parse(run.stdout) as { plans: Array<{ steps: [] }> }).plans[0]?.steps ?? [];

/** How many processes run a stub; each is a shell, and a sleep that has no path in its arguments. */
const hanging = (dir: string): number => processesIn(dir).filter((words) => words.includes('/stub-')).length;

const unfinished = (): string[] => filesBelow(many.dir).filter((file) => file.includes('release-plan-tmp'));

test('the archive and the results are those of one at a time, bit for bit', async () => {
  const run = await many.run(['apply', 'plan.yml', '--jobs', '4', '--json'], many.env);
  assert.is(run.exitCode, 0, run.stderr);
  assert.equal(differences(snapshot(many), many.reference), []);
  assert.equal(
    stepsOf(run).map(({ title, state }) => `${title}: ${state}`),
    [...PAIRS.map(({ from, to }) => `delta ${from} -> ${to} (rdiff): done`), 'report: done'],
  );
  assert.equal(unfinished(), []);
});

test('several do run at once, and each step has its lines to itself', async () => {
  const dir = scratch('several-stub');
  const one = stub(dir, 'libdeflate-gzip');
  one.hang();
  const { child, done } = many.start(['apply', 'plan.yml', '--jobs', '4', '--only', 'delta'], {
    ...many.env,
    PATH: one.path,
  });
  try {
    // Each of them ends in a compressor that hangs.
    while (hanging(dir) < 4) {
      assert.is(child.exitCode, null, 'it ended before four ran at once');
      await sleep(20);
    }
  } finally {
    one.free();
  }
  const run = await done;
  assert.is(run.exitCode, 0, run.stderr);
  const blocks = run.stderr.split(/^> /m).slice(1);
  const titles = blocks.map((block) => block.split('\n')[0]?.replace(' (continued)', ''));
  for (const { from, to } of PAIRS) {
    const title = `delta ${from} -> ${to} (rdiff)`;
    const lines = blocks.filter((_, at) => titles[at] === title).join('');
    for (const words of ['delta of', 'compress', 'pack and sign', `done: delta-update-${from}-to-${to}.swu`])
      assert.match(lines, words);
  }
});

test('Ctrl-C stops all of them: exit 130, nothing half made, and a rerun completes', async () => {
  const dir = scratch('several-int');
  const one = stub(dir, 'libdeflate-gzip');
  one.hang();
  const { child, done } = many.start(['apply', 'plan.yml', '--jobs', '3'], { ...many.env, PATH: one.path });
  while (hanging(dir) < 2) {
    assert.is(child.exitCode, null, 'it ended before two ran at once');
    await sleep(20);
  }
  child.kill('SIGINT');
  const run = await Promise.race([done, sleep(30_000, undefined, { ref: false })]);
  if (run === undefined) child.kill('SIGKILL');
  one.free();
  assert.is(run?.exitCode, 130);
  for (let round = 0; round < 40 && processesIn(many.dir).length > 0; round += 1) await sleep(50);
  assert.equal(processesIn(many.dir), []);
  assert.equal(unfinished(), []);
  assert.equal(readdirSync(many.tmp), []);
  const again = await many.run(['apply', 'plan.yml'], many.env);
  assert.is(again.exitCode, 0, again.stderr);
  assert.equal(differences(snapshot(many), many.reference), []);
});

test('an error in one loses no other, and its failure is told', async () => {
  const image = join(many.archive, '0.2.0/image-prod-tolomeo-qemux86-64.squashfs');
  const bytes = readFileSync(image);
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  writeFileSync(image, bytes);
  const run = await many.run(['apply', 'plan.yml', '--jobs', '4', '--keep-going', '--json'], many.env);
  assert.is(run.exitCode, 4, run.stderr);
  const failed = stepsOf(run).filter(({ state }) => state !== 'done');
  assert.equal(
    failed.map(({ title, state, code }) => `${title}: ${state}, ${code}`),
    PAIRS.filter(({ from }) => from === '0.2.0').map(
      ({ from, to }) => `delta ${from} -> ${to} (rdiff): failed, archive-damaged`,
    ),
  );
  for (const { from, to } of PAIRS)
    assert.is(existsSync(join(many.archive, to, `updates/from_${from}/delta-info.json`)), from !== '0.2.0');
});

test('a disk without room for any stops all of them: exit 5, nothing half made; with room a rerun completes', async () => {
  const root = join(many.dir, 'artifacts');
  const aside = `${root}-aside`;
  spawnSync('mv', [root, aside]);
  mkdirSync(root);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', root], { encoding: 'utf8' });
  spawnSync('sh', ['-c', `cp -a '${aside}'/. '${root}' && rm -r '${aside}'`]);
  if (mounted.status !== 0) return void process.stdout.write(` (not done: ${mounted.stderr.trim()}) `);
  try {
    const usedKib = Number(spawnSync('du', ['-sk', root], { encoding: 'utf8' }).stdout.split('\t')[0]);
    spawnSync('mount', ['-o', `remount,size=${usedKib + 300}k`, root]);
    const run = await many.run(['apply', 'plan.yml', '--jobs', '2', '--keep-going', '--json'], many.env);
    assert.is(run.exitCode, 5, run.stderr);
    const outcomes = stepsOf(run).filter(({ title }) => title !== 'report');
    assert.ok(outcomes.some(({ code }) => code === 'disk-full'));
    assert.ok(outcomes.some(({ message }) => message === 'the disk is full'));
    assert.ok(outcomes.every(({ state, message }) => state === 'failed' || message === 'the disk is full'));
    assert.equal(unfinished(), []);
    spawnSync('mount', ['-o', 'remount,size=32m', root]);
    const again = await many.run(['apply', 'plan.yml', '--jobs', '4'], many.env);
    assert.is(again.exitCode, 0, again.stderr);
    assert.equal(differences(snapshot(many), many.reference), []);
  } finally {
    spawnSync('umount', [root]);
    rmSync(root, { recursive: true, force: true });
  }
});

test('a number of jobs that is none is refused', async () => {
  for (const jobs of ['0', '-1', 'two', '1.5', '6379000']) {
    const run = await many.run(['apply', 'plan.yml', `--jobs=${jobs}`], many.env);
    assert.is(run.exitCode, 2);
    assert.match(run.stderr, '--jobs expects a number from 1 to 1024');
  }
});

test.run();
