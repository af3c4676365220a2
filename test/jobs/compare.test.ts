import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerPlan } from '../../src/commands/plan.ts';
import { InvalidPlanError, ReleasePlanError } from '../../src/core/errors.ts';
import { handMade, type HandMade } from '../support/archive.ts';
import { runCommand, type CommandRun } from '../support/command.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('steps: against');

const git = (dir: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.email=a@b', '-c', 'user.name=a', ...args], { cwd: dir, encoding: 'utf8' });

/** The product in a folder of a git repository, committed, with all its versions archived. */
function committed(): HandMade {
  const root = scratch('against');
  git(root, 'init', '-q', '-b', 'main');
  const dir = join(root, 'products/demo');
  mkdirSync(dir, { recursive: true });
  const made = handMade(dir);
  commit(made);
  for (const version of ['0.1.0', '0.2.0', '0.3.0']) made.archive(version);
  return made;
}

function commit({ dir }: HandMade): void {
  git(dir, 'add', 'plan.yml', '*.yml', '.');
  git(dir, 'commit', '-qm', 'plan');
}

interface Document {
  builds: string[];
  adopted: string[];
  deltas: Array<{ from: string; to: string }>;
  remade: Array<{ from: string; to: string }>;
  removed: Array<{ version: string; neededBy: string[]; devices?: number }>;
  notes: string[];
}

const against = async ({ dir }: HandMade, revision: string, ...flags: string[]): Promise<CommandRun> =>
  await runCommand(registerPlan, ['plan', 'plan.yml', `--against=${revision}`, ...flags], { cwd: dir });

async function compare(made: HandMade, revision: string): Promise<Document> {
  const run = await against(made, revision, '--json');
  if (run.failure !== undefined) throw run.failure;
  assert.is(run.exitCode, 0);
  const [document] = (JSON.parse(run.stdout) as { plans: Document[] }).plans;
  if (document === undefined) throw new Error(run.stdout);
  return document;
}

const VERSIONS = [
  { version: '0.2.0', tags: ['promoted'] },
  { version: '0.3.0', tags: ['promoted'] },
  { version: '0.4.0' },
];

test('against a branch: what is built, made, and removed while devices run it', async () => {
  const made = committed();
  made.write({ versions: VERSIONS, deltas: [{ to: '0.4.0', from: { tag: 'promoted' } }], fleet: 'devices.json' });
  writeFileSync(
    join(made.dir, 'devices.json'),
    JSON.stringify({
      devices: ['0.1.0', '0.2.0', '0.3.0'].map((version, index) => ({
        'name': `dev-${index + 1}`,
        'tag': 'promoted',
        version,
        'hardware-id': 'board',
      })),
      total: 3,
    }),
  );
  const document = await compare(made, 'main');
  assert.equal(document.builds, ['0.4.0']);
  assert.equal(document.deltas.map(({ from, to }) => `${from} -> ${to}`).sort(), ['0.2.0 -> 0.4.0', '0.3.0 -> 0.4.0']);
  assert.equal(document.removed, [
    {
      version: '0.1.0',
      devices: 1,
      neededBy: ['1 device runs it (dev-1)', 'deltas start from its tag promoted'],
    },
  ]);
  assert.equal(document.notes, []);
  const text = (await against(made, 'main')).stdout;
  assert.match(text, /builds:\n    0\.4\.0\n/);
  assert.match(text, '0.1.0  STILL REQUIRED: 1 device runs it (dev-1)');
});

test('without a fleet it says that nobody was asked', async () => {
  const made = committed();
  made.write({ versions: VERSIONS, deltas: [] });
  const { notes, removed } = await compare(made, 'HEAD');
  assert.is(removed[0]?.devices, undefined);
  assert.match(notes.join(), 'What devices run was not checked: the plan has no fleet');
});

test('the plan as committed changes nothing, also where no archive is at hand', async () => {
  const made = committed();
  assert.match((await against(made, 'HEAD')).stdout, 'nothing changes');
  const clone = join(scratch('against-clone'), 'clone');
  git(made.dir, 'clone', '-q', git(made.dir, 'rev-parse', '--show-toplevel').trim(), clone);
  const run = await runCommand(registerPlan, ['plan', 'products/demo/plan.yml', '--against', 'HEAD'], { cwd: clone });
  assert.match(run.stdout, 'nothing changes');
});

test('a template that was edited since makes the deltas again: it is taken from the commit, not from the disk', async () => {
  const made = committed();
  writeFileSync(join(made.dir, 'own.hbs'), '{{!-- one --}}');
  made.write({ swu: { hardware: ['1.0'], template: 'own.hbs' } });
  commit(made);
  assert.equal((await compare(made, 'HEAD')).remade, []);
  writeFileSync(join(made.dir, 'own.hbs'), '{{!-- two --}}');
  assert.equal(
    (await compare(made, 'HEAD')).remade.map(({ from }) => from),
    ['0.1.0', '0.2.0'],
  );
});

test('a kas file that was edited since is named: no archived version is built again for it', async () => {
  const made = committed();
  writeFileSync(join(made.dir, 'base.yml'), 'header: { version: 14 }\nmachine: board\n');
  const { builds, notes } = await compare(made, 'HEAD');
  assert.equal(builds, []);
  assert.match(notes[0] ?? '', /^products\/demo\/base\.yml differs from HEAD;/);
});

test('against a file, wherever it lies', async () => {
  const made = committed();
  const old = join(scratch('against-file'), 'old.yml');
  writeFileSync(old, readFileSync(join(made.dir, 'plan.yml')));
  assert.match((await against(made, old)).stdout, 'nothing changes');
  made.write({ versions: VERSIONS, deltas: [] });
  assert.equal((await compare(made, old)).builds, ['0.4.0']);
});

test('what git does not know, and what would be an option of git, is a clear error', async () => {
  const made = committed();
  for (const revision of ['no-such-branch', '--help', '-p', 'HEAD:products/demo/plan.yml', '']) {
    const { failure } = await against(made, revision);
    assert.ok(failure instanceof ReleasePlanError, `${revision}: ${String(failure)}`);
    assert.is((failure as ReleasePlanError).code, 'revision-unknown', revision);
  }
  const outside = handMade(scratch('against-outside'));
  assert.match(String((await against(outside, 'main')).failure), 'is not in a git repository');
});

test('a plan that the branch adds is compared with none; one that had errors then is a clear error', async () => {
  const made = committed();
  git(made.dir, 'checkout', '-q', '--orphan', 'empty');
  git(made.dir, 'rm', '-rq', '--cached', '.');
  git(made.dir, 'commit', '-q', '--allow-empty', '-m', 'nothing');
  const added = await compare(made, 'empty');
  assert.ok(added.builds.length + added.adopted.length > 0, JSON.stringify(added));
  assert.match(added.notes.join(), 'empty has no plan.yml: the plan is new');
  made.write({ machine: 7 });
  commit(made);
  made.write();
  const { failure } = await against(made, 'HEAD');
  assert.ok(failure instanceof InvalidPlanError, String(failure));
  assert.is((failure as InvalidPlanError).diagnostics[0]?.where?.file, 'HEAD:plan.yml');
});

test.run();
