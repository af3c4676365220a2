/** What was read of an archive before, by a night or by `apply`, need not be read again to look at it. */
import { ReadLedger } from '../archive/ledger.ts';
import { readFull, readUpdate, readVersion, type ReadOptions } from '../archive/manifest.ts';
import { readMemory, writeMemory, type ArchiveMemory } from '../archive/memory.ts';
import type { ArchiveState } from '../core/archive.ts';
import { asUserError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import type { Step } from '../core/step.ts';
import type { Host } from '../delivery/host.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import { storedReading } from '../hosts/store/stored-reading.ts';
import { stepsOf } from './report.ts';

/** How commands read that only look: what is as it was when it was last read is believed; nothing is written. */
export async function rememberedReading(plan: Plan, host: Pick<Host, 'report'>): Promise<ReadOptions> {
  const { vouches } = (await openLedger(plan, host)).ledger.reading(NONE_DUE);
  return { ...(await storedReading(plan)), ...(vouches === undefined ? {} : { vouches }) };
}

/**
 * How `apply` reads by day: what it is going to build on in any case, and of the rest what is not known to be as it
 * was. What it read and what it made is remembered. Only for whoever holds the archive.
 *
 * @param survey reads as it is told
 * @param body goes on with what was found, and returns the snapshot as it left it
 */
export async function withRemembered<T extends { snapshot: Snapshot }>(
  plan: Plan,
  host: Pick<Host, 'report' | 'signal'>,
  survey: (reading: ReadOptions) => Promise<Snapshot>,
  body: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const { ledger, memory } = await openLedger(plan, host);
  const remember = async (): Promise<void> => {
    if (!ledger.hasChanged) return;
    try {
      await writeMemory(plan, { ...memory, files: ledger.entries() });
    } catch (error) {
      // It spares reading, no more.
      const known = asUserError(error);
      if (known === undefined) throw error;
      host.report({ type: 'warning', message: `what was read cannot be remembered: ${known.message}` });
    }
  };
  try {
    const elsewhere = await storedReading(plan);
    const looked = await survey({ ...elsewhere, ...ledger.reading(NONE_DUE) });
    const found = await withInputsRead(looked, { signal: host.signal, ...elsewhere, ...ledger.readingAll() });
    const done = await body(found);
    await noteMade(found.archive, done.snapshot.archive, ledger);
    return done;
  } finally {
    // Also when it was stopped: what was read need not be read again.
    await remember();
  }
}

/** What a run made was read back when it was written; a moment later it need not be read once more. */
async function noteMade(before: ArchiveState, after: ArchiveState, ledger: ReadLedger): Promise<void> {
  const reading = ledger.readingMade();
  for (const [version, entry] of after.versions)
    if (entry.state === 'whole' && entry !== before.versions.get(version))
      await readVersion(entry.dir, version, reading);
  for (const [{ from, to }, entry] of after.updates)
    if (entry.state === 'whole' && entry !== before.updates.get({ from, to }))
      await readUpdate(entry.dir, from, to, reading);
  for (const [version, entry] of after.fulls)
    if (entry.state === 'whole' && entry !== before.fulls.get(version)) await readFull(entry.dir, version, reading);
}

const NONE_DUE: ReadonlySet<string> = new Set();

async function openLedger(
  plan: Plan,
  host: Pick<Host, 'report'>,
): Promise<{ ledger: ReadLedger; memory: ArchiveMemory }> {
  const { memory, problem } = await readMemory(plan);
  if (problem !== undefined) host.report({ type: 'warning', message: `${problem}; the whole archive is read again` });
  return { ledger: new ReadLedger(plan, memory.files, new Date()), memory };
}

/** Every byte that a delta will be made of is read now, whenever it was read before; damage changes the steps. */
export async function withInputsRead(snapshot: Snapshot, reading: ReadOptions): Promise<Snapshot> {
  const inputs = new Set(stepsOf(snapshot).flatMap(inputsOf));
  const versions = new Map(snapshot.archive.versions);
  for (const version of inputs) {
    const entry = versions.get(version);
    if (entry?.state === 'whole') versions.set(version, await readVersion(entry.dir, version, reading));
  }
  return { ...snapshot, archive: { ...snapshot.archive, versions } };
}

/** The versions that a step reads from the archive. */
function inputsOf(step: Step): string[] {
  switch (step.kind) {
    case 'delta':
      return [step.from, step.to];
    case 'full':
      return [step.version];
    case 'build':
    case 'archive':
    case 'report':
      return [];
  }
}
