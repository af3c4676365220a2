/**
 * Every fault at every place: `npm run faults`. The tests take a share of it.
 *
 * Usage: node --import tsx test/faults/sweep.ts [--only kill,torn,power,time,whole,ENOSPC,EIO,EACCES,EMFILE] [--seed N]
 *
 * Ends with a line for each kind, points injected and survived; exit code 1
 * when one was not survived.
 */
import { parseArgs } from 'node:util';
import { makeRig, type Rig } from './rig.ts';
import { ERRNOS, errnoTrials, killTrials, randomTrials, type Attempt } from './attempts.ts';
import { randomFrom } from './random.ts';
import type { Trial } from './trial.ts';

const { values } = parseArgs({ options: { only: { type: 'string' }, seed: { type: 'string' } } });
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const kinds: Record<string, (rig: Rig) => Promise<Attempt[]>> = {
  ...Object.fromEntries(ERRNOS.map((fault) => [fault, async (rig: Rig) => await errnoTrials(rig, fault)])),
  kill: async (rig) => await killTrials(rig, 'kill'),
  torn: async (rig) => await killTrials(rig, 'torn'),
  power: async (rig) => await killTrials(rig, 'power'),
  time: async () => randomTrials(randomFrom(seed), 60, 'prepared'),
  whole: async () => randomTrials(randomFrom(seed), 20, 'whole'),
};
const wanted = values.only?.split(',') ?? Object.keys(kinds);

const rig = await makeRig('sweep');
process.stdout.write(`seed ${seed}\n`);
const totals: string[] = [];
for (const kind of wanted) {
  const make = kinds[kind];
  if (make === undefined) throw new Error(`no kind of fault ${JSON.stringify(kind)}; there are ${Object.keys(kinds).join(', ')}`);
  const started = performance.now();
  const trials: Trial[] = [];
  for (const attempt of await make(rig)) {
    const trial = await attempt(rig);
    trials.push(trial);
    if (trial.problems.length > 0) process.stdout.write(`NOT SURVIVED ${trial.name}\n  ${trial.problems.join('\n  ')}\n`);
  }
  const injected = trials.filter((one) => one.injected);
  const survived = injected.filter((one) => one.problems.length === 0);
  if (survived.length < injected.length || trials.some((one) => one.problems.length > 0)) process.exitCode = 1;
  totals.push(`${kind}: ${injected.length} injected, ${survived.length} survived, ${((performance.now() - started) / 1000).toFixed(0)} s`);
  process.stdout.write(`${totals.at(-1)}\n`);
}
process.stdout.write(`\nseed ${seed}\n${totals.join('\n')}\n`);
