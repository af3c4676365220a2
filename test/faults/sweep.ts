/**
 * Every fault at every place: `npm run faults`. The tests take a share of it.
 *
 * Usage: node --import tsx test/faults/sweep.ts [--only KIND,...] [--every N] [--seed N]
 *
 * A kind is kill, torn, power or an errno, of an apply that archives and makes
 * a delta; the same of other commands as gc:kill, nightly:EIO, build:ENOSPC and
 * so on; time and whole. With --every only each N-th point is tried.
 *
 * Ends with a line for each kind, points injected and survived; exit code 1
 * when one was not survived.
 */
import { parseArgs } from 'node:util';
import { makeRig } from './rig.ts';
import { kindsOfFaults } from './attempts.ts';
import { randomFrom } from './random.ts';
import type { Trial } from './trial.ts';

const { values } = parseArgs({
  options: { only: { type: 'string' }, every: { type: 'string' }, seed: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const every = Number(values.every ?? 1);
const kinds = kindsOfFaults();
const wanted = values.only?.split(',') ?? [...kinds.keys()];

const rig = await makeRig('sweep');
process.stdout.write(`seed ${seed}\n`);
const totals: string[] = [];
for (const kind of wanted) {
  const make = kinds.get(kind);
  if (make === undefined)
    throw new Error(`no kind of fault ${JSON.stringify(kind)}; there are ${[...kinds.keys()].join(', ')}`);
  const started = performance.now();
  const trials: Trial[] = [];
  const attempts = await make(rig, randomFrom(seed));
  for (const attempt of attempts.filter((_, index) => index % every === 0)) {
    const trial = await attempt(rig);
    trials.push(trial);
    if (trial.problems.length > 0)
      process.stdout.write(`NOT SURVIVED ${trial.name}\n  ${trial.problems.join('\n  ')}\n`);
  }
  const injected = trials.filter((one) => one.injected);
  const survived = injected.filter((one) => one.problems.length === 0);
  if (survived.length < injected.length || trials.some((one) => one.problems.length > 0)) process.exitCode = 1;
  totals.push(
    `${kind}: ${injected.length} injected, ${survived.length} survived, ` +
      `${((performance.now() - started) / 1000).toFixed(0)} s`,
  );
  process.stdout.write(`${totals.at(-1)}\n`);
}
process.stdout.write(`\nseed ${seed}\n${totals.join('\n')}\n`);
