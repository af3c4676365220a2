/**
 * Plans in memory, in a process of its own, and prints how long it took and its largest resident size: plans and what
 * an archive has go in, steps and what each waits for come out.
 *
 * Usage: node planner-child.js MACHINES TARGETS BASES (pairs: MACHINES x TARGETS x BASES)
 */
import { readFileSync } from 'node:fs';
import { decideSteps } from '../dist/delivery/swupdate/decide.js';
import { graphOf } from '../dist/hosts/graph.js';
import { Pool } from '../dist/hosts/pool.js';
import { requiredPairs } from '../dist/plan/pairs.js';
import { PairMap } from '../dist/core/pair.js';

const [machines, targets, bases] = process.argv.slice(2).map(Number);
const versionsOf = (count, major) => Array.from({ length: count }, (_, at) => `${major}.${at}.0`);

/** What the planner reads of a plan. */
function planOf(machine) {
  const [from, to] = [versionsOf(bases, 1), versionsOf(targets, 2)];
  return {
    product: 'bench',
    machine: `machine-${machine}`,
    image: 'image',
    versions: [...from, ...to].map((version) => ({ version, tags: [] })),
    deltas: to.map((version) => ({
      to: version,
      engine: 'rdiff',
      maxShare: 1,
      from: { kind: 'list', versions: from },
    })),
  };
}

const sha256 = (text) => text.padEnd(64, '0').slice(0, 64);

/** An archive that has the bases; targets are to be built. */
function archiveOf(plan) {
  const versions = new Map(
    versionsOf(bases, 1).map((version) => [
      version,
      {
        state: 'whole',
        manifest: {
          version,
          files: [
            { path: 'rootfs.squashfs', role: 'image', partition: 'rootfs', sizeBytes: 1, sha256: sha256(version) },
          ],
        },
      },
    ]),
  );
  return { plan, archive: { versions, updates: new PairMap(), fulls: new Map() } };
}

const situations = Array.from({ length: machines }, (_, at) => archiveOf(planOf(at)));
const startedMs = performance.now();
const planned = situations.map(({ plan, archive }) => {
  const steps = decideSteps(plan, {
    archive,
    pairs: requiredPairs(plan),
    fulls: [],
    fullRecipe: '',
    recipes: new Map([['rdiff', 'recipe']]),
    engineVersion: () => 1,
  });
  const lane = ({ kind }) => (kind === 'build' || kind === 'archive' ? 'build directory' : undefined);
  return { steps, nodes: graphOf([...steps, { kind: 'report', why: 'bench' }], lane) };
});
const plannedMs = performance.now() - startedMs;
// The order in which they begin, as far as it is decided here: each step ends when it has begun.
for (const { nodes } of planned) {
  const pool = new Pool(
    nodes.map(({ after }) => ({ after, isElsewhere: false, memoryBytes: () => 0 })),
    { jobs: 4, memoryBytes: 1 },
  );
  for (let begun = 0; begun < nodes.length;) {
    const due = pool.due();
    begun += due.length;
    for (const at of due) pool.ended(at);
  }
}
const orderedMs = performance.now() - startedMs - plannedMs;
const pairs = planned.reduce((sum, { steps }) => sum + steps.filter(({ kind }) => kind === 'delta').length, 0);
const peakKiB = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
process.stdout.write(`${JSON.stringify({ pairs, plannedMs, orderedMs, peakKiB })}\n`);
