import { join } from 'node:path';
import { withArchive } from '../archive/exclusive.ts';
import { areHere } from '../archive/files-here.ts';
import type { Inventory } from '../archive/inventory.ts';
import { planName } from '../archive/layout.ts';
import { ReadLedger } from '../archive/ledger.ts';
import { HEADERS_ALONE, type ReadOptions } from '../archive/manifest.ts';
import { readMemory, writeMemory, type ArchiveMemory } from '../archive/memory.ts';
import { nightlyShare } from '../archive/share.ts';
import { surveyArchive } from '../archive/survey.ts';
import { removeBatches } from '../archive/trash.ts';
import { problemsOf, type ArchiveEntry, type ArchiveState, type ArchivedFile } from '../core/archive.ts';
import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { failureToTell, ReleasePlanError, errnoOf } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { storedReading } from '../hosts/store/stored-reading.ts';
import { beginSession, joinStore, type StoreSession } from '../hosts/store/session.ts';
import { readInputs, type Inputs } from '../delivery/inputs.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import { leavesOpen } from '../io/present.ts';
import { FILES_AT_ONCE, severalAtOnce } from '../io/several.ts';
import { changesSince, nightRecord, type Night, type NightOfStore } from '../report/night.ts';
import { formatBytes } from '../text/bytes.ts';
import { Meter } from '../text/meter.ts';
import { applySnapshot, withPublishing, type ApplyOptions, type ApplyResult } from './apply.ts';
import { archivedSubjects } from './archived.ts';
import { expiredTrash } from './gc.ts';
import { recordRun, type RunStart } from './record-run.ts';
import { withInputsRead } from './remembered.ts';

/** What apply says, and what the night found beside. */
export interface NightlyResult extends ApplyResult {
  night: Night;
}

/**
 * apply for a timer. Does what is missing and keeps going after a failure;
 * reads a share of everything archived, here and in the store, so that each
 * byte is read within `verify_days`, and always what a delta is to be made of; empties the trash;
 * says what changed since the last night.
 *
 * @throws ReleasePlanError `locked`, `interrupted`; failures of single steps are in the result
 */
export async function nightly(
  plan: Plan,
  host: Host,
  { now, ...given }: Pick<ApplyOptions, 'waitMs' | 'jobs' | 'queue'> & { now: Date },
): Promise<NightlyResult> {
  const joined = await joinStore(plan, host);
  return await withArchive(
    plan,
    `apply --nightly ${plan.file}`,
    { waitMs: given.waitMs, signal: host.signal, isUnattended: true, isNew: host.startsArchive === true },
    async (archiveId) => {
      const store = await beginSession(plan, joined, archiveId, host);
      const start: RunStart = { kind: 'nightly', startedAt: now.toISOString(), startMs: performance.now() };
      const { memory, problem } = await readMemory(plan);
      if (problem !== undefined)
        host.report({ type: 'warning', message: `${problem}; the whole archive is read again` });
      const ledger = new ReadLedger(plan, memory.files, now);
      const read = await readShare(await readInputs(plan, { ...host, runsCommands: true }), host, memory, ledger, now);
      const stored = store === undefined ? undefined : await readShareOfStore(store, host, now);
      const options = { waitMs: given.waitMs, jobs: given.jobs, queue: given.queue, keepGoing: true, archiveId, store };
      const applied = await applySnapshot(read.snapshot, host, options);
      const { snapshot, ...result } = await withPublishing(applied, host, options);

      const record = nightRecord(snapshot.archive, result.report, now.toISOString());
      const before = memory.nights[planName(plan)];
      const { unneeded, emptied, ioFailed } = await tidy(snapshot, host, now);
      const files = await filesHere(plan, snapshot.archive);
      await writeMemory(plan, {
        readAt: record.ranAt,
        files: ledger.entriesOf(files.map((one) => one.path)),
        nights: { ...memory.nights, [planName(plan)]: record },
      });
      const night: Night = {
        ranAt: record.ranAt,
        damaged: record.damaged,
        ...(record.unreadable === undefined ? {} : { unreadable: record.unreadable }),
        changes: changesSince(before, record),
        readBytes: read.readBytes,
        archivedBytes: files.reduce((sum, one) => sum + one.file.sizeBytes, 0),
        ...(stored === undefined ? {} : { store: stored }),
        unneeded,
        emptied,
        ...(before === undefined ? {} : { since: before.ranAt }),
      };
      const exitCode = exitCodeOf(result, night, ioFailed);
      await recordRun({ ...result, snapshot }, start, exitCode);
      await store?.sendDocuments();
      return { ...result, night, exitCode };
    },
  );
}

/**
 * What apply ended with; a night that it calls good may still have met a disk that fails, or damage that the plan does
 * not refer to.
 */
function exitCodeOf({ exitCode }: ApplyResult, { damaged, store }: Night, ioFailed: boolean): ExitCode {
  if (exitCode !== EXIT.ok) return exitCode;
  if (ioFailed || store?.unreadable !== undefined) return EXIT.environment;
  const isDamaged = Object.keys(damaged).length > 0 || store?.problems.some(({ isRepaired }) => !isRepaired) === true;
  return isDamaged ? EXIT.inconsistent : EXIT.ok;
}

/** Reads the night's share, and whatever the steps will be built on. */
async function readShare(
  inputs: Inputs,
  host: Host,
  memory: ArchiveMemory,
  ledger: ReadLedger,
  now: Date,
): Promise<{ snapshot: Snapshot; readBytes: number }> {
  const { plan } = inputs;
  const beside = await archivedSubjects(plan, host);
  const elsewhere = await storedReading(plan);
  const due = await dueFiles(plan, beside, memory, ledger, now);
  const read: { snapshot?: Snapshot; bytes: number } = { bytes: 0 };
  try {
    await host.drive([
      {
        title: 'verify part of the archive',
        async run(progress) {
          const meter = new Meter(due.sizeBytes, progress);
          const watched: ReadOptions = {
            signal: host.signal,
            onFile: (path) => meter.at(path),
            onBytes: (bytes) => meter.add(bytes),
          };
          const reading = { ...watched, ...elsewhere, ...ledger.reading(due.paths) };
          const survey = await deliveryOf(plan).survey(inputs, host, { reading, beside });
          const snapshot = await withInputsRead(survey, { ...watched, ...elsewhere, ...ledger.readingAll() });
          read.snapshot = snapshot;
          read.bytes = meter.doneBytes;
          const problems = damageOf(snapshot.archive);
          return problems.length === 0
            ? { state: 'done', message: `${meter.summary()}, of ${formatBytes(due.archivedBytes)}` }
            : { state: 'failed', message: problems.join('\n') };
        },
      },
    ]);
  } finally {
    // Also when it was stopped: what was read need not be read again. The night is not over, so its time is not set.
    await writeMemory(plan, { ...memory, files: ledger.entriesOf(due.all) });
  }
  if (read.snapshot === undefined) throw new Error('the only task has run');
  return { snapshot: read.snapshot, readBytes: read.bytes };
}

/** Reads the night's share of the store. That it is away in the middle spoils what needs it, and nothing else. */
async function readShareOfStore(store: StoreSession, host: Host, now: Date): Promise<NightOfStore> {
  const night: NightOfStore = { store: store.address, readBytes: 0, storedBytes: 0, problems: [] };
  await host.drive([
    {
      title: `verify part of ${store.address}`,
      async run(progress) {
        const share = await store.share(now).catch((error: unknown) => failureToTell(error, host.signal));
        if (share instanceof ReleasePlanError) {
          night.unreadable = share.message;
          return { state: 'failed', message: share.inWords };
        }
        night.storedBytes = share.storedBytes;
        const meter = new Meter(share.dueBytes, progress);
        const { problems, failure } = await store.readShare(share, now, {
          onSubject: (what) => meter.at(what),
          onBytes: (bytes) => meter.add(bytes),
        });
        night.readBytes = meter.doneBytes;
        night.problems = problems;
        if (failure !== undefined) night.unreadable = failure.message;
        const left = problems.filter(({ isRepaired }) => !isRepaired);
        const lines = [
          ...left.map(({ name, problem }) => `${name} ${problem}`),
          ...(failure === undefined ? [] : [failure.inWords]),
        ];
        return lines.length === 0
          ? { state: 'done', message: `${meter.summary()}, of ${formatBytes(share.storedBytes)}` }
          : { state: 'failed', message: lines.join('\n') };
      },
    },
  ]);
  return night;
}

async function dueFiles(
  plan: Plan,
  beside: Inventory,
  memory: ArchiveMemory,
  ledger: ReadLedger,
  now: Date,
): Promise<{ paths: Set<string>; all: string[]; sizeBytes: number; archivedBytes: number }> {
  const files = (await filesHere(plan, await surveyArchive(plan, beside, HEADERS_ALONE))).map(({ path, file }) => ({
    path,
    sizeBytes: file.sizeBytes,
    readAtMs: ledger.readAtMs(path),
  }));
  const lastNightMs = memory.readAt === undefined ? undefined : Date.parse(memory.readAt);
  const paths = nightlyShare(files, { nowMs: now.getTime(), verifyDays: plan.verifyDays, lastNightMs });
  const bytesOf = (some: typeof files): number => some.reduce((sum, one) => sum + one.sizeBytes, 0);
  return {
    paths,
    all: files.map((one) => one.path),
    sizeBytes: bytesOf(files.filter((one) => paths.has(one.path))),
    archivedBytes: bytesOf(files),
  };
}

/** As {@link filesOf}, without those that are in the store alone: no night can read them. */
async function filesHere(plan: Plan, state: ArchiveState): Promise<ReturnType<typeof filesOf>> {
  const files = filesOf(state);
  if (plan.store === undefined) return files;
  const here = await severalAtOnce(files, FILES_AT_ONCE, async ({ path }) => await areHere(path));
  return files.filter((_, at) => here[at]);
}

/** The files that manifests name which can be read, whole or not. */
function filesOf({ versions, updates, fulls }: ArchiveState): Array<{ path: string; file: ArchivedFile }> {
  const entries: Array<ArchiveEntry<{ files: ArchivedFile[] }>> = [
    ...versions.values(),
    ...updates.values(),
    ...fulls.values(),
  ];
  return entries.flatMap((entry) => {
    if (entry.state === 'absent') return [];
    const manifest = entry.state === 'whole' ? entry.manifest : entry.found?.manifest;
    return (manifest?.files ?? []).map((file) => ({ path: join(entry.dir, file.path), file }));
  });
}

const damageOf = ({ versions, updates, fulls }: ArchiveState): string[] =>
  [...versions.values(), ...updates.values(), ...fulls.values()].flatMap(problemsOf);

/**
 * Lists what nothing needs and empties the trash; where it cannot be told who
 * needs what, neither. That a fleet does not answer spoils no night; that a
 * file or disk fails (`ioFailed`) does.
 */
async function tidy(
  snapshot: Snapshot,
  host: Host,
  now: Date,
): Promise<Pick<Night, 'unneeded' | 'emptied'> & { ioFailed: boolean }> {
  const { plan } = snapshot.inputs;
  try {
    const { deltas, running } = await deliveryOf(plan).unneeded(snapshot, host);
    const expired = await expiredTrash(plan, running, host, now);
    await removeBatches(plan, expired);
    return { unneeded: deltas, emptied: expired.map((one) => one.dir), ioFailed: false };
  } catch (error) {
    if (!(error instanceof ReleasePlanError) || error.code !== 'gc-undecided') throw error;
    host.report({
      type: 'warning',
      message: `the trash was not emptied and unused deltas were not listed: ${error.message}`,
    });
    return { unneeded: undefined, emptied: [], ioFailed: errnoOf(error) !== undefined && leavesOpen(error) };
  }
}
