import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { plainDrive } from '../../src/commands/terminal/drive-plain.ts';
import { CODES } from '../../src/core/codes/index.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import type { Step } from '../../src/core/step.ts';
import type { Host } from '../../src/delivery/host.ts';
import type { Snapshot } from '../../src/delivery/snapshot.ts';
import { graphOf } from '../../src/hosts/graph.ts';
import { Idlers } from '../../src/hosts/idle.ts';
import { runSteps, type StepsRun } from '../../src/hosts/run-steps.ts';
import { failureOf } from '../support/failure.ts';

const test = suite('hosts: run steps');

const tick = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));
const deltas = (...bases: string[]): Step[] =>
  bases.map((from): Step => ({ kind: 'delta', from, to: '9', engine: 'rdiff', why: '' }));

/** What is known, for these tests: the bases whose deltas were made. */
type Known = Snapshot & { made: string[] };

/** @param make throws, or not, what the step with this base does; `others` run meanwhile */
async function run(
  steps: readonly Step[],
  make: (from: string, others: number) => Promise<void>,
  { keepGoing = false, signal = new AbortController().signal } = {},
): Promise<StepsRun> {
  const report = (): void => undefined;
  const host: Host = { env: {}, signal, report, drive: plainDrive(report) };
  let running = 0;
  return await runSteps({
    nodes: graphOf(steps, () => undefined),
    start: { made: [] as string[] } as unknown as Known,
    runner: {
      async run(step) {
        const from = step.kind === 'delta' ? step.from : step.version;
        running += 1;
        try {
          await make(from, running - 1);
        } finally {
          running -= 1;
        }
        return {
          message: `made ${from}`,
          change: (now) => ({ ...now, made: [...(now as Known).made, from] }) as Known,
        };
      },
    },
    idlers: new Idlers(),
    capacity: { jobs: 3, memoryBytes: Infinity },
    isElsewhere: () => false,
    memoryBytes: () => 0,
    host,
    only: undefined,
    keepGoing,
    beforeEach: async () => undefined,
    report: async (snapshot) => (snapshot as Known).made.join(),
  });
}

const outcomes = ({ results }: StepsRun): string[] =>
  results.map(({ step, outcome }) => `${step.kind === 'delta' ? step.from : step.kind}: ${outcome.message}`);

test('steps that end at once both change what is known, and results come in the order of steps', async () => {
  const waits = new Map([
    ['a', 3],
    ['b', 1],
  ]);
  const done = await run([...deltas('a', 'b'), { kind: 'report', why: '' }], async (from) => {
    for (let round = 0; round < (waits.get(from) ?? 0); round += 1) await tick();
  });
  assert.equal((done.snapshot as Known).made, ['b', 'a']);
  assert.equal(outcomes(done), ['a: made a', 'b: made b', 'report: b,a']);
});

test('without --keep-going nothing begins after a failure, and what runs is not lost', async () => {
  const done = await run(deltas('bad', 'a', 'b', 'c'), async (from) => {
    if (from === 'bad') throw new ReleasePlanError('delta-unproven', 'it differs');
    for (let round = 0; round < 5; round += 1) await tick();
  });
  assert.equal(outcomes(done), [
    `bad: it differs\n${CODES['delta-unproven'].cure}`,
    'a: made a',
    'b: made b',
    'c: an earlier step failed',
  ]);
});

test('a step that finds the disk full beside others is tried again alone', async () => {
  const tries: string[] = [];
  const done = await run(deltas('a', 'b', 'c', 'd'), async (from, others) => {
    tries.push(`${from} beside ${others}`);
    await tick();
    if (others > 0) throw new ReleasePlanError('disk-full', 'full');
  });
  assert.equal(outcomes(done), ['a: made a', 'b: made b', 'c: made c', 'd: made d']);
  assert.equal(tries.slice(0, 4), ['a beside 0', 'b beside 1', 'c beside 2', 'd beside 2']);
  assert.equal(tries.slice(4), ['b beside 0', 'c beside 0', 'd beside 0']);
});

test('a step that finds the disk full alone stops all, also with --keep-going', async () => {
  const done = await run(
    deltas('big', 'a', 'b', 'c', 'd'),
    async (from) => {
      await tick();
      if (from === 'big') throw new ReleasePlanError('disk-full', 'full');
    },
    { keepGoing: true },
  );
  assert.equal(outcomes(done), [
    `big: full\n${CODES['disk-full'].cure}`,
    'a: made a',
    'b: made b',
    'c: the disk is full',
    'd: the disk is full',
  ]);
});

test('an interruption lets nothing more begin, and comes when nothing runs any more', async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  const failure = await failureOf(
    async () =>
      await run(
        deltas('a', 'b', 'c', 'd'),
        async (from) => {
          seen.push(`${from} begins`);
          if (from === 'a') stop.abort(new ReleasePlanError('interrupted', 'interrupted'));
          await tick();
          seen.push(`${from} ends`);
          stop.signal.throwIfAborted();
        },
        { signal: stop.signal },
      ),
  );
  assert.is(failure.code, 'interrupted');
  const began = ['a', 'b', 'c'];
  assert.equal(
    seen,
    ['begins', 'ends'].flatMap((what) => began.map((one) => `${one} ${what}`)),
  );
});

test('a bug is thrown, and waits for what runs', async () => {
  let hasEnded = false;
  const failure: unknown = await run(deltas('bug', 'a', 'b', 'c'), async (from) => {
    if (from === 'bug') throw new TypeError('a bug');
    await tick();
    hasEnded = true;
  }).catch((error: unknown) => error);
  assert.instance(failure, TypeError);
  assert.ok(hasEnded);
});

test.run();
