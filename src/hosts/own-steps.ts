/** Steps of a plan made by a host that does not hold the archive: a worker, or a job of a pipeline. */
import { rm } from 'node:fs/promises';
import { withSharedArchive } from '../archive/exclusive.ts';
import type { ReadOptions } from '../archive/manifest.ts';
import type { Plan } from '../core/plan.ts';
import { sameWork, titleOf, type WorkStep } from '../core/step.ts';
import type { HandOut } from '../delivery/delivery.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { readInputs } from '../delivery/inputs.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import { storedReading } from './store/stored-reading.ts';
import { madeBy, readBy, storedRunner } from './store/runner.ts';
import type { StoreSession } from './store/session.ts';
import type { Digests } from './store/unnamed.ts';

export interface OwnSteps {
  plan: Plan;
  handOut: HandOut;
  /** Whether this host has the key of the plan; without it, a step is done as far as it needs none. */
  signs: boolean;
  /** Steps that this host makes at once. */
  jobs: number;
  /** Whoever asks for the steps has looked at what speaks against them. */
  isChecked?: boolean;
  /** How archived files are read. */
  reading?: ReadOptions;
  /** The store behind the archive. */
  store?: StoreSession | undefined;
}

/** What came of steps. */
export interface OwnMade {
  /** The last of them, in words. */
  message: string;
  /** What needs no key is done; the rest is for the host that applies the plan. */
  prepared?: PreparedWork;
}

/** Where what needs no key is. */
export interface PreparedWork {
  /** What its files hold, by name, where they are in the store; absent for those that lie in the archive's folder. */
  stored?: Digests;
}

/** How long a host waits for another run of its own that builds. */
const WAIT_MS = 24 * 3600_000;

/**
 * Makes what is due of some steps, one after the other. What is there already
 * is not made again.
 *
 * @param check throws what speaks against it, with what is known of the steps
 * @throws ReleasePlanError what the steps throw, `locked`, `interrupted`
 */
export async function makeOwn(
  steps: readonly WorkStep[],
  own: OwnSteps,
  host: Host,
  progress: (message: string) => void,
  check: (snapshot: Snapshot) => void = () => undefined,
): Promise<OwnMade> {
  const { plan, handOut, reading = {}, store } = own;
  return await withSharedArchive(plan, host.signal, async () => {
    await store?.bring(
      steps.flatMap((step) => madeBy(step) ?? []),
      'manifests',
      progress,
    );
    await store?.bring(steps.flatMap(readBy), 'files', progress);
    const looking = { ...(await storedReading(plan)), ...reading };
    const snapshot = await handOut.surveyFor(await readInputs(plan, host), steps, host, looking);
    check(snapshot);
    const due = deliveryOf(plan)
      .steps(snapshot)
      .filter((one) => steps.some((step) => sameWork(step, one)));
    // Made by a run that was ended before it had sent it.
    for (const subject of steps
      .filter((step) => !due.some((one) => sameWork(one, step)))
      .flatMap((step) => madeBy(step) ?? []))
      await store?.send(subject, progress);
    return due.length === 0 ? { message: 'was there already' } : await run(due, snapshot, own, host, progress);
  });
}

async function run(
  steps: readonly WorkStep[],
  start: Snapshot,
  { plan, handOut, signs, jobs, store, isChecked = false }: OwnSteps,
  host: Host,
  progress: (message: string) => void,
): Promise<OwnMade> {
  const [first] = steps;
  if (!signs && first !== undefined) {
    const message = await handOut.prepare(first, start, host, progress, jobs);
    if (message === undefined) throw new Error(`${titleOf(first)} needs a key`);
    return { message, prepared: await handedOver(first, start, handOut, store, progress) };
  }
  return await deliveryOf(plan).run(start, { steps, host, waitMs: WAIT_MS, jobs, isChecked }, async (inner) => {
    const runner = store === undefined ? inner : storedRunner(inner, store, { isBrought: true });
    let snapshot = start;
    let message = '';
    for (const step of steps) {
      const made = await runner.run(step, snapshot, progress);
      snapshot = made.change(snapshot);
      ({ message } = made);
    }
    return { message };
  });
}

/** Brings what was prepared to where the host that has the key finds it. */
async function handedOver(
  step: WorkStep,
  snapshot: Snapshot,
  handOut: HandOut,
  store: StoreSession | undefined,
  progress: (message: string) => void,
): Promise<PreparedWork> {
  const prepared = handOut.prepared(step, snapshot);
  if (store === undefined || prepared === undefined) return {};
  const stored = await store.sendUnnamed(prepared, progress);
  // Whoever finishes it does so in a folder of its own.
  await rm(prepared.dir, { recursive: true, force: true });
  return { stored };
}
