import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse, stringify } from 'yaml';
import { registerSchedule } from '../../src/commands/schedule.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { runCommand, type CommandRun } from '../support/command.ts';
import {
  githubComplaints,
  gitlabComplaints,
  runPipeline,
  runScript,
  shellArguments,
  unitArguments,
  unitComplaints,
} from '../support/schedule.ts';
import { filesBelow, product, type PlanYaml } from '../support/product.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands: schedule');

/** Everything that is special to a shell, to systemd, to cron or to YAML, and may stand in a path. */
const AWKWARD = `it's 100% $HOME "q" #1; & ü %n - {a}`;

/** The plan that the tests vary. */
const original = product('schedule').dir;

/** A git repository with a plan in an awkwardly named folder, its archive elsewhere. */
function repository(folder: string, change: (plan: PlanYaml) => void = () => undefined): string {
  const root = scratch('schedule-repository');
  execFileSync('git', ['init', '-q', root]);
  const place = join(root, folder);
  mkdirSync(place, { recursive: true });
  cpSync(join(original, 'kas'), join(place, 'kas'), { recursive: true });
  const plan = parse(readFileSync(join(original, 'plan.yml'), 'utf8')) as PlanYaml;
  plan.artifacts = '/srv/release-plan';
  change(plan);
  writeFileSync(join(place, 'plan.yml'), stringify(plan));
  return place;
}

const schedule = async (cwd: string, ...args: string[]): Promise<CommandRun> =>
  await runCommand(registerSchedule, ['schedule', 'plan.yml', ...args], { cwd });

function codeOf({ failure }: CommandRun): string {
  assert.ok(failure instanceof ReleasePlanError, String(failure));
  return (failure as ReleasePlanError).code;
}

for (const folder of ['product', AWKWARD, 'back\\slash']) {
  test(`systemd: verified by systemd, and starts the very plan, in ${JSON.stringify(folder)}`, async () => {
    const dir = repository(folder);
    const out = scratch('units');
    const run = await schedule(dir, '--systemd', '--at', '4:05', '--run-as', 'builder', '--out', out);
    assert.is(run.exitCode, 0, String(run.failure));
    const paths = ['release-plan-tolomeo-qemux86-64.service', 'release-plan-tolomeo-qemux86-64.timer'].map((name) =>
      join(out, name),
    );
    assert.is(unitComplaints(paths), '');
    const [node, bin, ...args] = unitArguments(paths[0] ?? '');
    assert.is(node, process.execPath);
    assert.ok(readFileSync(bin ?? '', 'utf8').startsWith('#!'));
    assert.equal(args, ['apply', '--nightly', '--', join(dir, 'plan.yml')]);
    assert.match(readFileSync(paths[1] ?? '', 'utf8'), 'OnCalendar=*-*-* 04:05:00\n');
    assert.match(readFileSync(paths[0] ?? '', 'utf8'), 'User=builder\n');
  });
}

test('systemd-analyze does find what is wrong with a unit', async () => {
  const out = scratch('units-bad');
  await schedule(repository('product'), '--systemd', '--run-as', 'builder', '--out', out);
  const unit = join(out, 'release-plan-tolomeo-qemux86-64.service');
  writeFileSync(unit, readFileSync(unit, 'utf8').replace('TimeoutStartSec', 'TimeoutStartSek'));
  assert.match(unitComplaints([unit]), 'TimeoutStartSek');
});

test('the time of the timer is one that systemd can read', () => {
  const shown = execFileSync('systemd-analyze', ['calendar', '--iterations=1', '*-*-* 04:05:00'], { encoding: 'utf8' });
  assert.match(shown, '04:05:00');
});

for (const folder of ['product', AWKWARD]) {
  test(`cron: taken by crontab, and starts the very plan, in ${JSON.stringify(folder)}`, async () => {
    const dir = repository(folder);
    const { stdout } = await schedule(dir, '--cron', '--stdout', '--at', '04:05');
    const file = join(scratch('cron'), 'crontab');
    writeFileSync(file, stdout);
    execFileSync('crontab', ['-n', file], { stdio: 'ignore' });
    const line = stdout.split('\n').find((one) => !one.startsWith('#')) ?? '';
    assert.match(line, /^5 4 \* \* \* /);
    const command = line.split(' ').slice(5).join(' ');
    // cron ends a command at a bare percent sign, and takes the backslash off the others.
    assert.not.match(command, /(?<!\\)%/);
    const shell = command.replaceAll('\\%', '%').replace(/exec /, 'printf "%s\\0" ');
    const words = execFileSync('sh', ['-c', shell], { encoding: 'utf8' }).split('\0').slice(2, -1);
    assert.equal(words, ['apply', '--nightly', '--', join(dir, 'plan.yml')]);
  });
}

test('cron: what a crontab cannot hold is refused, with the way out', async () => {
  assert.is(codeOf(await schedule(repository('back\\slash'), '--cron', '--stdout')), 'schedule-text');
  const long = await schedule(
    repository(Array.from({ length: 5 }, () => 'd'.repeat(200)).join('/')),
    '--cron',
    '--stdout',
  );
  assert.is(codeOf(long), 'schedule-text');
  assert.match((long.failure as ReleasePlanError).hint ?? '', '--systemd');
});

for (const folder of ['product', AWKWARD, 'ex ${{ github.token }} pression']) {
  test(`gitlab: within GitLab's schema, and the script runs the very plan, in ${JSON.stringify(folder)}`, async () => {
    const { stdout } = await schedule(repository(folder), '--gitlab', '--stdout');
    assert.equal(await gitlabComplaints(stdout), []);
    const { 'release-plan-tolomeo-qemux86-64': job } = parse(stdout) as Record<
      string,
      { script: string[]; rules: Array<{ if: string }> }
    >;
    assert.equal(runScript(job?.script.join('\n') ?? ''), ['apply', '--nightly', '--', `${folder}/plan.yml`]);
    assert.equal(job?.rules, [{ if: '$CI_PIPELINE_SOURCE == "schedule" && $RELEASE_PLAN == "tolomeo-qemux86-64"' }]);
  });

  test(`github: taken by GitHub's own parser, and the step runs the very plan, in ${JSON.stringify(folder)}`, async () => {
    const { stdout } = await schedule(repository(folder), '--github', '--stdout', '--at', '23:59');
    assert.equal(await githubComplaints(stdout), []);
    const { on, jobs } = parse(stdout) as {
      on: { schedule: unknown };
      jobs: { nightly: { steps: Array<{ run?: string }> } };
    };
    assert.equal(on.schedule, [{ cron: '59 23 * * *' }]);
    const script = jobs.nightly.steps.find((step) => step.run !== undefined)?.run ?? '';
    // The one expression that is left is the text of its own beginning.
    assert.equal(
      [...script.matchAll(/\$\{\{.*?\}\}/g)].map(([found]) => found).filter((found) => found !== "${{ '${{' }}"),
      [],
    );
    assert.equal(runScript(script.replaceAll("${{ '${{' }}", '${{')), [
      'apply',
      '--nightly',
      '--',
      `${folder}/plan.yml`,
    ]);
  });
}

test('gitlab: the job runs in the schedule of its product, and in no other pipeline', async () => {
  const dir = repository(AWKWARD);
  const root = dirname(dir);
  const { stdout } = await schedule(dir, '--gitlab');
  writeFileSync(join(root, '.gitlab-ci.yml'), stdout.slice(stdout.indexOf('include:')).split('\n', 1)[0] ?? '');
  const git = (...args: string[]): Buffer =>
    execFileSync('git', ['-c', 'user.email=a@b', '-c', 'user.name=a', ...args], { cwd: root });
  git('add', '-A');
  git('commit', '-qm', 'nightly');
  git('remote', 'add', 'origin', 'git@gitlab.example:group/product.git');
  assert.equal(runPipeline(root, { CI_PIPELINE_SOURCE: 'schedule', RELEASE_PLAN: 'tolomeo-qemux86-64' }), [
    'apply',
    '--nightly',
    '--',
    `${AWKWARD}/plan.yml`,
  ]);
  assert.equal(runPipeline(root, { CI_PIPELINE_SOURCE: 'push', RELEASE_PLAN: 'tolomeo-qemux86-64' }), []);
  assert.equal(runPipeline(root, { CI_PIPELINE_SOURCE: 'schedule', RELEASE_PLAN: 'another' }), []);
});

/** The kas files of both machines: none of them names one. */
function withoutMachine(dir: string): void {
  for (const file of filesBelow(dir).filter((one) => /kas\/.*\.yml$/.test(one))) {
    const text = readFileSync(join(dir, file), 'utf8');
    writeFileSync(join(dir, file), text.replace(/^machine: .*\n/m, ''));
  }
}

test('several plans are one run, under the name that it is given', async () => {
  const dir = repository('product');
  withoutMachine(dir);
  writeFileSync(
    join(dir, 'other-plan.yml'),
    readFileSync(join(dir, 'plan.yml'), 'utf8').replace(/^machine: .*$/m, 'machine: tolomeo-arm64'),
  );
  const both = ['--name', 'tolomeo', '--stdout'];
  const run = async (...args: string[]): Promise<CommandRun> =>
    await runCommand(registerSchedule, ['schedule', 'plan.yml', 'other-plan.yml', ...args], { cwd: dir });
  assert.is(codeOf(await run('--gitlab', '--stdout')), 'usage');
  const gitlab = (await run('--gitlab', ...both)).stdout;
  assert.equal(await gitlabComplaints(gitlab), []);
  const { 'release-plan-tolomeo': job } = parse(gitlab) as Record<string, { script: string[] }>;
  const words = ['apply', '--nightly', '--', 'product/plan.yml', 'product/other-plan.yml'];
  assert.equal(runScript(job?.script.join('\n') ?? ''), words);
  const github = (await run('--github', ...both)).stdout;
  assert.equal(await githubComplaints(github), []);
  const { jobs } = parse(github) as { jobs: { nightly: { steps: Array<{ run?: string }> } } };
  assert.equal(runScript(jobs.nightly.steps.find((step) => step.run !== undefined)?.run ?? ''), words);
  const out = scratch('schedule-both');
  await run('--systemd', '--name', 'tolomeo', '--run-as', 'builder', '--out', out);
  const [, , ...args] = unitArguments(join(out, 'release-plan-tolomeo.service'));
  assert.equal(args, ['apply', '--nightly', '--', join(dir, 'plan.yml'), join(dir, 'other-plan.yml')]);
});

test('the runs of two machines of one product do not meet', async () => {
  const dir = repository('product');
  withoutMachine(dir);
  const out = scratch('schedule-two');
  await schedule(dir, '--cron', '--out', out);
  const text = readFileSync(join(dir, 'plan.yml'), 'utf8');
  writeFileSync(join(dir, 'plan.yml'), text.replace(/^machine: .*$/m, 'machine: imx8'));
  await schedule(dir, '--cron', '--out', out);
  assert.equal(readdirSync(out).toSorted(), ['release-plan-tolomeo-imx8.cron', 'release-plan-tolomeo-qemux86-64.cron']);
});

test('a job keeps the reports, also of a night that failed', async () => {
  const archive = scratch('schedule-reports');
  const dir = repository('product', (plan) => void (plan.artifacts = archive));
  const reports = join(archive, 'tolomeo-qemux86-64/image-prod/reports');
  mkdirSync(reports, { recursive: true });
  // There may be no report yet, or only one: the job ends as its script did.
  writeFileSync(join(reports, 'tolomeo-plan.html'), 'report');
  const gitlab = (await schedule(dir, '--gitlab', '--stdout')).stdout;
  const { 'release-plan-tolomeo-qemux86-64': job } = parse(gitlab) as Record<
    string,
    { after_script: string[]; artifacts: { when: string; paths: string[] } }
  >;
  assert.equal(job?.artifacts, { when: 'always', paths: ['reports/'] });
  const checkout = scratch('schedule-checkout');
  execFileSync('bash', ['-e', '-c', job?.after_script.join('\n') ?? 'false'], { cwd: checkout, stdio: 'ignore' });
  assert.equal(readdirSync(join(checkout, 'reports')), ['tolomeo-plan.html']);
  const { jobs } = parse((await schedule(dir, '--github', '--stdout')).stdout) as {
    jobs: { nightly: { steps: Array<{ uses?: string; if?: string; with?: { path: string } }> } };
  };
  const upload = jobs.nightly.steps.find((step) => step.uses?.startsWith('actions/upload-artifact'));
  assert.is(upload?.if, 'always()');
  assert.equal(
    upload?.with?.path.trim().split('\n'),
    ['json', 'md', 'html'].map((extension) => join(reports, `tolomeo-plan.${extension}`)),
  );
});

test('the schemas do find what is wrong', async () => {
  assert.ok((await githubComplaints('on: push\njobs:\n  a:\n    runs-on: x\n    stepz: []\n')).length > 0);
  assert.ok((await gitlabComplaints('a:\n  script: [x]\n  when: sometimes\n')).length > 0);
});

test('a CI gets the secrets of signing by name, and their values from nowhere', async () => {
  const dir = repository(
    'product',
    (plan) =>
      void (plan.signing = { method: 'cms', key: '${SWU_KEY}', cert: '${SWU_CERT}', passphrase_env: 'SWU_PASS' }),
  );
  const { stdout } = await schedule(dir, '--github', '--stdout');
  assert.equal(await githubComplaints(stdout), []);
  const { jobs } = parse(stdout) as { jobs: { nightly: { steps: Array<{ run?: string; env?: object }> } } };
  assert.equal(jobs.nightly.steps.find((step) => step.run !== undefined)?.env, {
    SWU_KEY: '${{ secrets.SWU_KEY }}',
    SWU_CERT: '${{ secrets.SWU_CERT }}',
    SWU_PASS: '${{ secrets.SWU_PASS }}',
  });
  const gitlab = await schedule(dir, '--gitlab', '--stdout');
  assert.equal(await gitlabComplaints(gitlab.stdout), []);
  assert.match(gitlab.stdout, '# Protected variables: SWU_KEY, SWU_CERT, SWU_PASS.');
});

test('an archive in the checkout, which the next job would remove, is refused; so is a plan in no repository', async () => {
  const inside = repository('product', (plan) => void (plan.artifacts = '../artifacts'));
  for (const ci of ['--gitlab', '--github']) {
    const run = await schedule(inside, ci, '--stdout');
    assert.is(codeOf(run), 'schedule-ci');
    assert.match((run.failure as Error).message, join(dirname(inside), 'artifacts'));
  }
  assert.is(codeOf(await schedule(original, '--github', '--stdout')), 'schedule-ci');
});

test("GitHub's workflow goes where GitHub looks for it; what is edited there stays, unless it is forced", async () => {
  const dir = repository('product');
  const file = join(dir, '../.github/workflows/release-plan-tolomeo-qemux86-64.yml');
  assert.is((await schedule(dir, '--github')).exitCode, 0);
  assert.match((await schedule(dir, '--github')).stdout, '(unchanged)');
  const edited = `${readFileSync(file, 'utf8')}# mine\n`;
  writeFileSync(file, edited);
  assert.is(codeOf(await schedule(dir, '--github')), 'schedule-exists');
  assert.is(readFileSync(file, 'utf8'), edited);
  assert.is((await schedule(dir, '--github', '--force')).exitCode, 0);
  assert.not.match(readFileSync(file, 'utf8'), '# mine');
});

test('of two units none is written when one cannot be', async () => {
  const dir = repository('product');
  const out = scratch('units-half');
  writeFileSync(join(out, 'release-plan-tolomeo-qemux86-64.timer'), 'mine');
  assert.is(codeOf(await schedule(dir, '--systemd', '--out', out)), 'schedule-exists');
  assert.equal(readdirSync(out), ['release-plan-tolomeo-qemux86-64.timer']);
});

test('GitLab is told where the file is from the root of the repository', async () => {
  const dir = repository('a/product');
  assert.match(
    (await schedule(dir, '--gitlab')).stdout,
    'include: [{ local: "/release-plan-tolomeo-qemux86-64.gitlab-ci.yml" }]',
  );
  const { stdout } = await schedule(dir, '--gitlab', '--out', '.');
  assert.match(stdout, 'include: [{ local: "/a/product/release-plan-tolomeo-qemux86-64.gitlab-ci.yml" }]');
});

test('what is left to do by hand is printed as commands that a shell takes', async () => {
  const dir = repository('product');
  const out = join(scratch('out of the way'), "it's");
  const { stdout } = await schedule(dir, '--systemd', '--out', out);
  const copy = stdout.split('\n').find((line) => line.includes(' cp ')) ?? '';
  assert.equal(shellArguments(copy.trim()), [
    'sudo',
    'cp',
    join(out, 'release-plan-tolomeo-qemux86-64.service'),
    join(out, 'release-plan-tolomeo-qemux86-64.timer'),
    '/etc/systemd/system/',
  ]);
});

test('a name that would write a line or a condition of its own is refused', async () => {
  for (const name of ['a\n* * * * * rm -rf x', 'a" || "1', '%', '', '-x'])
    assert.is(codeOf(await schedule(original, '--cron', '--stdout', `--name=${name}`)), 'usage', name);
});

test('wrong command lines are told', async () => {
  const dir = repository('product');
  for (const args of [
    [],
    ['--cron', '--github'],
    ['--cron', '--at', '24:00'],
    ['--cron', '--at', '2'],
    ['--systemd', '--run-as', 'a b'],
  ]) {
    assert.is(codeOf(await schedule(dir, ...args, '--stdout')), 'usage');
  }
});

test.run();
