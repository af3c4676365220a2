/** Each signal at each kind of step: exit 130, no process and nothing half-made is left, the same command completes. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMAND, WHOLE_COMMAND, differences, leftovers, makeRig, snapshot, type Rig, runName } from '../faults/rig.ts';
import { processesIn } from '../kas/project.ts';
import { scratch } from '../support/scratch.ts';
import { stub, type Stub } from '../support/stub.ts';

const test = suite('signals');

/** Longer than any orderly end takes on a busy machine, shorter than a stub hangs. */
const PATIENCE_MS = 30_000;

let rig: Rig;
let stubs: Record<'openssl' | 'rdiff' | 'libdeflate-gzip', Stub>;

test.before(async () => {
  rig = await makeRig('signals');
  const dir = scratch('stubs');
  stubs = {
    'openssl': stub(dir, 'openssl'),
    'rdiff': stub(dir, 'rdiff'),
    'libdeflate-gzip': stub(dir, 'libdeflate-gzip'),
  };
});

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

/** Starts a run, waits for the moment, sends the signal, and looks at the end. */
async function interrupt(
  command: readonly string[],
  signal: NodeJS.Signals,
  env: NodeJS.ProcessEnv,
  moment: (said: () => string) => boolean,
): Promise<void> {
  const { child, done } = rig.product.start(command, { ...rig.env, ...env });
  if (child.pid !== undefined) rig.runs.add(runName(child.pid));
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => void (said += chunk.toString('utf8')));
  while (!moment(() => said)) {
    assert.is(child.exitCode, null, `it ended before the moment came: ${said}`);
    await sleep(5);
  }
  child.kill(signal);
  const run = await Promise.race([done, sleep(PATIENCE_MS, undefined, { ref: false })]);
  if (run === undefined) child.kill('SIGKILL');
  assert.is(run?.exitCode, 130, said);
  assert.match(said, 'Run the same command again');
  // What was told to end may still be ending.
  for (let round = 0; round < 40 && processesIn(rig.product.dir).length > 0; round += 1) await sleep(50);
  assert.equal(processesIn(rig.product.dir), []);
}

async function completes(command: readonly string[]): Promise<void> {
  const run = await rig.cli(command);
  assert.is(run.exitCode, 0, run.stderr);
  assert.equal(differences(snapshot(rig.product), rig.reference), []);
  assert.equal(leftovers(rig), []);
}

// The tool that comes next hangs, so that the run is not over before the signal is sent.
for (const [step, signal, words, next] of [
  ['archive', 'SIGHUP', 'verify the build', 'openssl'],
  ['delta create', 'SIGINT', '> delta', 'libdeflate-gzip'],
] as const) {
  test(`${signal} in ${step}`, async () => {
    rig.reset();
    const one = stubs[next];
    if (next !== 'openssl') one.hang();
    await interrupt(COMMAND, signal, { PATH: one.path }, (said) => {
      if (!said().includes(words)) return false;
      one.hang();
      return true;
    });
    one.free();
    await completes(COMMAND);
  });
}

for (const [step, signal, tool, words] of [
  ['compress', 'SIGTERM', 'libdeflate-gzip', 'compress'],
  ['prove', 'SIGHUP', 'rdiff', 'proving the delta'],
  ['sign', 'SIGINT', 'openssl', 'pack and sign'],
  ['sign', 'SIGTERM', 'openssl', 'pack and sign'],
] as const) {
  test(`${signal} in ${step}, while ${tool} hangs`, async () => {
    rig.reset();
    const one = stubs[tool];
    // openssl has looked at the key by then; rdiff and the compressor are asked for the first time here.
    if (tool !== 'openssl') one.hang();
    await interrupt(COMMAND, signal, { PATH: one.path }, (said) => {
      if (said().includes(words)) one.hang();
      return one.pid() !== undefined;
    });
    const pid = one.pid();
    one.free();
    assert.is(pid !== undefined && isAlive(pid), false, `${tool} is left`);
    await completes(COMMAND);
  });
}

for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} in a build`, async () => {
    rig.reset('empty');
    rig.product.edit(
      (plan) =>
        void (plan.versions[0] = {
          version: '0.1.0',
          tags: ['promoted'],
          kas: [rig.product.kasFile('slow', ['STAND_IN_TASK_SECONDS = "60"'])],
        }),
    );
    await interrupt(WHOLE_COMMAND, signal, {}, (said) => said().includes('task 1 of'));
    rig.product.edit((plan) => void (plan.versions[0] = { version: '0.1.0', tags: ['promoted'] }));
    await completes(WHOLE_COMMAND);
  });
}

test.run();
