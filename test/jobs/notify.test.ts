import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT } from '../../src/core/codes/index.ts';
import { registerApply } from '../../src/commands/apply.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import type { ReleaseEvent } from '../../src/core/events.ts';
import type { NotifySettings, Plan } from '../../src/core/plan.ts';
import type { ConsistencyReport } from '../../src/core/report.ts';
import type { ApplyResult } from '../../src/jobs/apply.ts';
import type { StepResult } from '../../src/hosts/run-steps.ts';
import { isWanted, noticeOf, notified } from '../../src/jobs/notify.ts';
import type { Host } from '../../src/delivery/host.ts';
import { runCommand } from '../support/command.ts';
import { failureOf } from '../support/failure.ts';
import { plan as demoPlan } from '../support/manifests.ts';
import { product } from '../support/product.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('steps: notify');

const report: ConsistencyReport = {
  schema: 1,
  product: 'demo',
  machine: 'board',
  image: 'image',
  generatedAt: '',
  consistent: true,
  scope: { versions: [], pairs: [] },
  checks: [],
  sizes: [],
};

const resultOf = (changes: Partial<ApplyResult> = {}): ApplyResult => ({
  results: [],
  report,
  reportFiles: [],
  exitCode: EXIT.ok,
  ...changes,
});

const step = (state: 'done' | 'failed', message: string): StepResult => ({
  step: { kind: 'build', version: '0.1.0', why: '' },
  title: 'build 0.1.0',
  outcome: { state, message },
});

/** A plan whose command leaves what it was given in its folder. */
function planWith(notify: Partial<NotifySettings> = {}): Plan {
  const dir = scratch('notify');
  return demoPlan({
    dir,
    file: join(dir, 'plan.yml'),
    signing: { method: 'cms', key: '${TEST_SWU_KEY}', passphraseEnv: 'TEST_SWU_PASS' },
    notify: { command: 'cat > said; env > environment', on: 'change', ...notify },
  });
}

function hostOf(): Host & { events: ReleaseEvent[]; stop: AbortController } {
  const stop = new AbortController();
  const events: ReleaseEvent[] = [];
  return {
    env: { PATH: process.env.PATH, TEST_SWU_KEY: 'secret-key', TEST_SWU_PASS: 'secret-pass', CHAT: 'url' },
    signal: stop.signal,
    report: (event) => void events.push(event),
    drive: async () => undefined,
    events,
    stop,
  };
}

const said = (plan: Plan): string => readFileSync(join(plan.dir, 'said'), 'utf8');

test('the summary comes on standard input, the facts in the environment, and no secret of signing', async () => {
  const [plan, host] = [planWith(), hostOf()];
  await notified(plan, host, async () =>
    resultOf({ results: [step('done', 'log x')], reportFiles: ['/archive/report.json'] }),
  );
  assert.is(
    said(plan),
    'demo: changed (exit code 0)\n\ndone    build 0.1.0\n\nconsistent: 0 checks pass, 0 fail, 0 not ' +
      'checked\n\n/archive/report.json\n',
  );
  const environment = readFileSync(join(plan.dir, 'environment'), 'utf8');
  assert.not.match(environment, 'secret-');
  assert.not.match(environment, 'TEST_SWU');
  for (const line of [
    'CHAT=url',
    'RELEASE_PLAN_PRODUCT=demo',
    `RELEASE_PLAN_PLAN=${plan.file}`,
    'RELEASE_PLAN_OUTCOME=changed',
    'RELEASE_PLAN_EXIT_CODE=0',
    'RELEASE_PLAN_REPORT=/archive/report.json',
  ]) {
    assert.ok(environment.split('\n').includes(line), `${line} in ${environment}`);
  }
  assert.equal(host.events, []);
});

test('on: change is also told of failures, failure of nothing else, always of every run', () => {
  const table = (['change', 'failure', 'always'] as const).map((on) =>
    (['unchanged', 'changed', 'failed'] as const).filter((outcome) => isWanted(on, outcome)),
  );
  assert.equal(table, [['changed', 'failed'], ['failed'], ['unchanged', 'changed', 'failed']]);
});

test('a run that did nothing is unchanged; one that found something new since the last night is not', () => {
  const unchanged = noticeOf(demoPlan(), resultOf());
  assert.equal(
    [unchanged.outcome, unchanged.reportFile],
    ['unchanged', '/project/artifacts/board/image/reports/demo-plan.json'],
  );
  const notice = noticeOf(demoPlan(), resultOf(), ['0.1.0 was damaged since the last night']);
  assert.is(notice.outcome, 'changed');
  assert.match(notice.text, '0.1.0 was damaged since the last night\n');
});

test('a failed step is told with its reason, and the exit code stays', async () => {
  const plan = planWith({ on: 'failure' });
  const result = await notified(plan, hostOf(), async () =>
    resultOf({ exitCode: EXIT.build, results: [step('failed', 'do_compile failed')] }),
  );
  assert.is(result.exitCode, EXIT.build);
  assert.match(said(plan), /^demo: failed \(exit code 3\)\n\nFAILED  build 0\.1\.0: do_compile failed\n/);
});

test('a run that throws is told too, and throws on', async () => {
  const plan = planWith({ on: 'failure' });
  const failure = await failureOf(
    async () =>
      await notified(plan, hostOf(), async () => await Promise.reject(new ReleasePlanError('locked', 'held by pid 1'))),
  );
  assert.is(failure.code, 'locked');
  assert.match(said(plan), 'error[locked]: held by pid 1');
});

test('an interrupted run is not told', async () => {
  const [plan, host] = [planWith({ on: 'always' }), hostOf()];
  const failure = await failureOf(
    async () =>
      await notified(plan, host, async () => {
        host.stop.abort();
        return await Promise.reject(new ReleasePlanError('interrupted', 'interrupted'));
      }),
  );
  assert.is(failure.code, 'interrupted');
  assert.not(existsSync(join(plan.dir, 'said')));
});

test('a command that fails is a warning with its words, and changes nothing', async () => {
  const [plan, host] = [planWith({ command: 'echo the chat is down >&2; exit 7', on: 'always' }), hostOf()];
  const result = await notified(plan, host, async () => resultOf());
  assert.is(result.exitCode, EXIT.ok);
  assert.equal(host.events, [
    { type: 'warning', message: 'the notify command failed (exit code 7): the chat is down' },
  ]);
});

test('a command that reads nothing of a long summary, or leaves something running, holds nothing up', async () => {
  const [plan, host] = [planWith({ command: '(sleep 20; touch late) & exit 0', on: 'always' }), hostOf()];
  const results = Array.from({ length: 5000 }, () => step('done', ''));
  const ended = notified(plan, host, async () => resultOf({ results }));
  const first = await Promise.race([ended.then(() => 'ended'), delay(15_000, 'held up', { ref: false })]);
  assert.is(first, 'ended');
  assert.equal(host.events, []);
});

test('apply tells at its end', async () => {
  const here = product('notify');
  here.edit((plan) => void (plan.notify = { command: 'cat > said', on: 'always' }));
  const run = await runCommand(registerApply, ['apply', 'plan.yml', '--only', 'report'], { cwd: here.dir });
  assert.is(run.exitCode, 0, String(run.failure));
  const text = readFileSync(join(here.dir, 'said'), 'utf8');
  assert.match(text, /^tolomeo: changed \(exit code 0\)\n/);
  assert.match(text, 'skipped build 0.1.0: excluded by --only report');
  assert.match(text, 'FAIL archive 0.1.0: not in the archive');
});

test.run();
