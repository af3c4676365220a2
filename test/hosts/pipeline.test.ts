/** What is due as jobs of a CI: held to the published schemas, and run by gitlab-ci-local. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { registerMake } from '../../src/commands/make.ts';
import { registerPipeline } from '../../src/commands/pipeline.ts';
import type { WorkStep } from '../../src/core/step.ts';
import { pipelineOf } from '../../src/hosts/pipeline/pipeline.ts';
import { stepsOfText, stepText } from '../../src/hosts/pipeline/step-text.ts';
import { differences, snapshot } from '../faults/rig.ts';
import { runCommand, type CommandRun } from '../support/command.ts';
import { failureOf } from '../support/failure.ts';
import { manyProduct, PAIRS, type ManyProduct } from '../support/many.ts';
import { githubComplaints, gitlabComplaints } from '../support/schedule.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('pipeline');

let many: ManyProduct;
/** The folder that the archive is in, outside of the repository. */
let outside: string;

const git = (...args: string[]): Buffer =>
  execFileSync('git', ['-c', 'user.email=a@b', '-c', 'user.name=a', ...args], { cwd: many.dir });

test.before(async () => {
  many = await manyProduct('pipeline');
  outside = scratch('pipeline-archive');
  cpSync(join(many.dir, 'artifacts'), join(outside, 'artifacts'), { recursive: true, preserveTimestamps: true });
  rmSync(join(many.dir, 'artifacts'), { recursive: true });
  many.edit((plan) => void (plan.artifacts = join(outside, 'artifacts')));
  git('init', '-q');
  git('remote', 'add', 'origin', 'git@gitlab.example:group/product.git');
});

const pipeline = async (...args: string[]): Promise<CommandRun> =>
  await runCommand(registerPipeline, ['pipeline', 'plan.yml', ...args], { cwd: many.dir });

const delta = (from: string, to: string): WorkStep => ({ kind: 'delta', from, to, engine: 'rdiff', why: '' });
const build = (version: string): WorkStep[] => [
  { kind: 'build', version, why: '' },
  { kind: 'archive', version, why: '' },
];

test('each step is a job, which waits for the builds of its versions', () => {
  const steps: WorkStep[] = [
    ...build('1'),
    ...build('2'),
    { kind: 'full', version: '2', why: '' },
    delta('1', '2'),
    delta('0', '1'),
  ];
  assert.equal(pipelineOf(steps), {
    builds: [
      { name: 'build 1', steps: ['build:1'], needs: [] },
      { name: 'build 2', steps: ['build:2'], needs: [] },
    ],
    packages: [
      { name: 'full package 2', steps: ['full:2'], needs: ['build 2'] },
      { name: 'delta 1 to 2', steps: ['delta:1:2:rdiff'], needs: ['build 1', 'build 2'] },
      { name: 'delta 0 to 1', steps: ['delta:0:1:rdiff'], needs: ['build 1'] },
    ],
  });
});

test('more steps than a CI takes jobs are shared out, each once', () => {
  const steps = Array.from({ length: 1001 }, (_, at) => delta(`1.${at}.0`, '2.0.0'));
  const { packages } = pipelineOf(steps);
  assert.ok(packages.length <= 200);
  assert.equal(
    packages.flatMap((one) => one.steps),
    steps.map(stepText),
  );
  assert.is(new Set(packages.map(({ name }) => name)).size, packages.length);
});

test('a step is read as it was written; what is none is refused', async () => {
  for (const steps of [
    build('0.1.0'),
    [delta('0.1.0', '0.2.0-rc.1+5')],
    [{ kind: 'full', version: '7', why: '' } as const],
  ]) {
    const [first] = steps;
    if (first === undefined) throw new Error('no step');
    assert.equal(
      stepsOfText(stepText(first)).map((one) => ({ ...one, why: '' })),
      steps,
    );
  }
  for (const text of ['', 'build', 'build:', 'build:../x', 'delta:1:2', 'delta:1:2:rdiff:3', 'report', 'archive:1'])
    assert.is((await failureOf(async () => stepsOfText(text))).code, 'usage', text);
  assert.is((await failureOf(async () => stepsOfText('delta:1:2:xdelta'))).code, 'engine-unsuited');
});

test("gitlab: within GitLab's schema, and run by gitlab-ci-local it gives the archive of one host, bit for bit", async () => {
  const { stdout, failure } = await pipeline('--gitlab', '--tags', 'fast,big disk', '--build-tags', 'yocto');
  assert.is(failure, undefined);
  assert.equal(await gitlabComplaints(stdout), []);
  const jobs = parse(stdout) as Record<string, { tags: string[]; needs?: string[]; script: string[] }>;
  assert.equal(Object.keys(jobs), ['stages', ...PAIRS.map(({ from, to }) => `delta ${from} to ${to}`), 'report']);
  assert.equal(jobs['delta 0.2.0 to 0.3.0']?.needs, []);
  assert.equal(jobs.report?.tags, ['fast', 'big disk']);
  writeFileSync(join(many.dir, '.gitlab-ci.yml'), stdout);
  writeFileSync(join(many.dir, '.gitignore'), '.gitlab-ci-local\n.release-plan\n');
  git('add', '-A');
  git('commit', '-qm', 'due');
  const bin = join(scratch('pipeline-bin'), 'bin');
  mkdirSync(bin);
  const program = fileURLToPath(new URL('../../src/bin.js', import.meta.url));
  writeFileSync(join(bin, 'release-plan'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(join(bin, 'release-plan'), 0o755);
  const run = spawnSync(
    fileURLToPath(new URL('../../node_modules/.bin/gitlab-ci-local', import.meta.url)),
    ['--force-shell-executor', '--no-shell-isolation'],
    {
      cwd: many.dir,
      env: { ...many.env, PATH: `${bin}:${process.env.PATH ?? ''}`, HOME: bin },
      encoding: 'utf8',
      timeout: 120_000,
    },
  );
  assert.is(run.status, 0, `${run.stdout}${run.stderr}`);
  // Each was made by a job of its own, and the report's job had nothing left to make.
  const said = stripVTControlCharacters(run.stdout + run.stderr);
  for (const { from, to } of PAIRS)
    assert.match(said, new RegExp(`^delta ${from} to ${to} +> +done: delta-update-${from}-to-${to}.swu`, 'm'));
  assert.match(said, /^report +> +> report/m);
  assert.not.match(said, /^report +> +> delta/m);
  assert.equal(differences(snapshot({ ...many, dir: outside }), many.reference), []);
  const after = parse((await pipeline('--gitlab')).stdout) as Record<string, unknown>;
  assert.equal(Object.keys(after), ['stages', 'report'], 'what is made is due no more');
});

test("github: the workflow is taken by GitHub's own parser, and its matrix is what is due", async () => {
  const { stdout } = await pipeline('--github');
  assert.equal(await githubComplaints(stdout), []);
  const { jobs } = parse(stdout) as { jobs: Record<string, { steps: Array<{ run?: string; env?: object }> }> };
  assert.equal(Object.keys(jobs), ['plan', 'build', 'package', 'report']);
  const scripts = Object.values(jobs).map(({ steps }) => steps.find((step) => step.run !== undefined)?.run);
  assert.equal(scripts, [
    'release-plan pipeline plan.yml --matrix >> "$GITHUB_OUTPUT"',
    'release-plan make plan.yml $STEPS',
    'release-plan make plan.yml $STEPS',
    'release-plan apply plan.yml --wait',
  ]);
  many.edit((plan) => void (plan.versions = [...plan.versions, { version: '0.5.0' }]));
  many.edit((plan) => void (plan.deltas = [{ to: '0.5.0', from: ['0.4.0'], engine: 'rdiff' }]));
  const outputs = Object.fromEntries(
    (await pipeline('--matrix')).stdout
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), JSON.parse(line.slice(line.indexOf('=') + 1)) as object]),
  );
  assert.equal(outputs, {
    builds: [{ name: 'build 0.5.0', steps: 'build:0.5.0' }],
    packages: [{ name: 'delta 0.4.0 to 0.5.0', steps: 'delta:0.4.0:0.5.0:rdiff' }],
  });
});

test('a job that cannot make its step says why, with the exit code of the failure', async () => {
  const make = async (...steps: string[]): Promise<CommandRun> =>
    await runCommand(registerMake, ['make', 'plan.yml', ...steps], { cwd: many.dir });
  const missing = await make('delta:0.4.0:0.9.0:rdiff', 'delta:0.3.0:0.4.0:rdiff');
  assert.is(missing.exitCode, 4);
  assert.equal(
    missing.events.flatMap((event) =>
      'message' in event && /^step-(failed|done)$/.test(event.type) ? [event.message?.split('\n')[0]] : [],
    ),
    ['version 0.9.0 is not in the archive', 'was there already'],
  );
  for (const step of ['build:0.9.0', 'build', 'delta:0.1.0:0.2.0']) {
    const { failure } = await make(step);
    assert.is(failure instanceof ReleasePlanError ? failure.code : failure, 'usage');
  }
  for (const args of [[], ['--gitlab', '--github'], ['--gitlab', '--tags', 'a;b']]) {
    const { failure } = await pipeline(...args);
    assert.is(failure instanceof ReleasePlanError ? failure.code : failure, 'usage');
  }
  assert.match(readFileSync(many.plan, 'utf8'), outside);
});

test('an archive in the checkout is refused', async () => {
  many.edit((plan) => void (plan.artifacts = 'artifacts'));
  const { failure } = await pipeline('--gitlab');
  assert.is(failure instanceof ReleasePlanError ? failure.code : failure, 'schedule-ci');
});

test.run();
