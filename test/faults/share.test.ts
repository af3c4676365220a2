/**
 * A random share of `npm run faults`; RELEASE_PLAN_FAULTS_SEED repeats one, RELEASE_PLAN_FAULTS_SECONDS makes it
 * longer.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { kindsOfFaults, type Attempt } from './attempts.ts';
import { randomFrom, sample } from './random.ts';
import { makeRig, type Rig } from './rig.ts';

const test = suite('faults');
const seed = Number(process.env.RELEASE_PLAN_FAULTS_SEED ?? Date.now() % 1_000_000);
const lengthMs = Number(process.env.RELEASE_PLAN_FAULTS_SECONDS ?? 60) * 1000;
const random = randomFrom(seed);
/** A run of kas takes as long as ten others: its faults are for the sweep alone. */
const SLOW = /^(build:|whole)/;

let rig: Rig;
let perKind: Attempt[][];

test.before(async () => {
  // Lines of their own: the runner shows those.
  process.stdout.write(`\nseed ${seed}\n`);
  rig = await makeRig('faults');
  perKind = [];
  for (const [kind, make] of kindsOfFaults())
    if (!SLOW.test(kind)) perKind.push(sample(await make(rig, random), Infinity, random));
});

test(`a random share of all faults is survived, seed ${seed}`, async () => {
  const until = performance.now() + lengthMs;
  let injected = 0;
  // Each kind in turn, so that even a slow machine tries one of each.
  for (let round = 0; round === 0 || performance.now() < until; round += 1) {
    for (const attempts of perKind) {
      const trial = await attempts[round]?.(rig);
      if (trial === undefined || (round > 0 && performance.now() >= until)) continue;
      injected += trial.injected ? 1 : 0;
      assert.equal(trial.problems, [], `seed ${seed}, ${trial.name}\n${trial.problems.join('\n')}`);
    }
    if (perKind.every((attempts) => attempts.length <= round)) break;
  }
  process.stdout.write(`\n${injected} faults injected and survived\n`);
  assert.ok(injected >= perKind.length / 2, `${injected} faults injected`);
});

test.run();
