import { join } from 'node:path';
import { planName } from '../archive/layout.ts';
import { ReadLedger } from '../archive/ledger.ts';
import { HEADERS_ALONE, readVersion } from '../archive/manifest.ts';
import { readMemory, writeMemory, type ArchiveMemory } from '../archive/memory.ts';
import { nightlyShare } from '../archive/share.ts';
import { surveyArchive } from '../archive/survey.ts';
import { removeBatches, type TrashBatch } from '../archive/trash.ts';
import type { Inventory } from '../archive/inventory.ts';
import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { ReleasePlanError, errnoOf } from '../core/errors.ts';
import { formatBytes } from '../text/bytes.ts';
import { leavesOpen } from '../io/present.ts';
import {
  pairKey,
  problemsOf,
  type ArchiveState,
  type DeltaInfo,
  type Held,
  type VersionManifest,
} from '../core/archive.ts';
import type { Plan } from '../core/plan.ts';
import { changesSince, nightRecord, type Night } from '../report/night.ts';
import { makeTrue, withArchive, type ApplyResult } from './apply.ts';
import { assess, decideSteps } from '../delivery/swupdate/survey.ts';
import { expiredTrash } from './gc.ts';
import { Meter } from '../text/meter.ts';
import { needOf } from '../delivery/swupdate/needed.ts';
import type { Situation, StepHost } from './session.ts';
import { basisFacts } from '../delivery/fleet/facts.ts';
import type { FleetSituation } from '../delivery/fleet/open.ts';
import { unrequiredOf } from '../delivery/ostree/deltas.ts';
import { retainedPairs } from '../delivery/fleet/rules.ts';
import { archivedSubjects, pairsNotRequired } from './verify.ts';

/** What apply says, and what the night found beside. */
export interface NightlyResult extends ApplyResult {
  night: Night;
}

/**
 * apply for a timer. Does what is missing and keeps going after a failure;
 * reads a share of everything archived, so that each byte is read within
 * `verify_days`, and always what a delta is to be made of; empties the trash;
 * says what changed since the last night.
 *
 * @throws ReleasePlanError `locked`, `interrupted`; failures of single steps are in the result
 */
export async function nightly(
  plan: Plan,
  host: StepHost,
  options: { waitMs: number; now: Date },
): Promise<NightlyResult> {
  return await withArchive(plan, host, options, `apply --nightly ${plan.file}`, async () => {
    const { memory, problem } = await readMemory(plan);
    if (problem !== undefined) host.report({ type: 'warning', message: `${problem}; the whole archive is read again` });
    const ledger = new ReadLedger(plan, memory.files, options.now);
    const { situation, readBytes } = await lookAround(plan, host, memory, ledger, options.now);
    const result = await makeTrue(situation, host, { keepGoing: true, waitMs: options.waitMs });

    const record = nightRecord(situation, result.report, options.now.toISOString());
    const before = memory.nights[planName(plan)];
    const { unneeded, emptied, ioFailed } = await tidy(plan, situation, host, options.now);
    await writeMemory(plan, {
      readAt: record.ranAt,
      files: ledger.entriesOf(filesOf(situation).map((one) => one.path)),
      nights: { ...memory.nights, [planName(plan)]: record },
    });
    const archivedBytes = filesOf(situation).reduce((sum, one) => sum + one.file.sizeBytes, 0);
    const night: Night = {
      ranAt: record.ranAt,
      damaged: record.damaged,
      ...(record.unreadable === undefined ? {} : { unreadable: record.unreadable }),
      changes: changesSince(before, record),
      readBytes,
      archivedBytes,
      unneeded,
      emptied,
      ...(before === undefined ? {} : { since: before.ranAt }),
    };
    return { ...result, night, exitCode: exitCodeOf(result, night, ioFailed) };
  });
}

/**
 * What apply ended with; a night that it calls good may still have met a disk that fails, or damage that the plan does
 * not refer to.
 */
function exitCodeOf({ exitCode }: ApplyResult, { damaged }: Night, ioFailed: boolean): ExitCode {
  if (exitCode !== EXIT.ok) return exitCode;
  if (ioFailed) return EXIT.environment;
  return Object.keys(damaged).length > 0 ? EXIT.inconsistent : EXIT.ok;
}

/** Reads the night's share, and whatever the steps will be built on. */
async function lookAround(
  plan: Plan,
  host: StepHost,
  memory: ArchiveMemory,
  ledger: ReadLedger,
  now: Date,
): Promise<{ situation: Situation; readBytes: number }> {
  const beyond = await archivedSubjects(plan, host);
  const due = await dueFiles(plan, beyond, memory, ledger, now);
  const found: { situation?: Situation; readBytes: number } = { readBytes: 0 };
  try {
    await host.drive([
      {
        title: 'verify part of the archive',
        async run(progress) {
          const meter = new Meter(due.sizeBytes, progress);
          const watched = {
            signal: host.signal,
            onFile: (path: string) => meter.at(path),
            onBytes: (bytes: number) => meter.add(bytes),
          };
          const situation = await assess(plan, host.env, { ...watched, ...ledger.reading(due.paths) }, beyond);
          await readInputs(situation, { ...watched, ...ledger.readingAll() });
          found.situation = situation;
          found.readBytes = meter.doneBytes;
          const problems = damageOf(situation);
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
  if (found.situation === undefined) throw new Error('the only task has run');
  return { situation: found.situation, readBytes: found.readBytes };
}

async function dueFiles(
  plan: Plan,
  beyond: Inventory,
  memory: ArchiveMemory,
  ledger: ReadLedger,
  now: Date,
): Promise<{ paths: Set<string>; all: string[]; sizeBytes: number; archivedBytes: number }> {
  const files = filesOf(await surveyArchive(plan, beyond, HEADERS_ALONE)).map(({ path, file }) => ({
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

/**
 * Every byte that a delta will be made of is read now, whenever it was read before; damage among it changes the steps.
 */
async function readInputs(situation: Situation, options: Parameters<typeof readVersion>[2]): Promise<void> {
  const inputs = new Set(situation.steps.flatMap((step) => (step.kind === 'delta' ? [step.from, step.to] : [])));
  for (const version of inputs) {
    const held = situation.versions.get(version);
    if (held?.state === 'whole') situation.versions.set(version, await readVersion(held.dir, version, options));
  }
  decideSteps(situation);
}

/** The files that manifests name which can be read, whole or not. */
function filesOf({ versions, updates }: ArchiveState): Array<{ path: string; file: VersionManifest['files'][0] }> {
  return [...versions.values(), ...updates.values()].flatMap((held: Held<VersionManifest | DeltaInfo>) => {
    const manifest =
      held.state === 'whole' ? held.manifest : held.state === 'absent' ? undefined : held.found?.manifest;
    return held.state === 'absent' || manifest === undefined
      ? []
      : manifest.files.map((file) => ({ path: join(held.dir, file.path), file }));
  });
}

const damageOf = ({ versions, updates }: ArchiveState): string[] =>
  [...versions.values(), ...updates.values()].flatMap(problemsOf);

/**
 * Lists what nothing needs and empties the trash; where it cannot be told who
 * needs what, neither. That a fleet does not answer spoils no night; that a
 * file or disk fails (`ioFailed`) does.
 */
async function tidy(
  plan: Plan,
  situation: Situation,
  host: StepHost,
  now: Date,
): Promise<Pick<Night, 'unneeded' | 'emptied'> & { ioFailed: boolean }> {
  if (situation.ostree !== undefined)
    return { unneeded: await unneededStatic(plan, situation.ostree.fleet, host.signal), emptied: [], ioFailed: false };
  try {
    const need = await needOf(plan, situation, host.signal);
    const expired: TrashBatch[] = await expiredTrash(plan, need, host, now);
    await removeBatches(plan, expired);
    const unneeded = pairsNotRequired(situation)
      .map(({ from, to }) => pairKey(from, to))
      .filter((pair) => !need.requiredPairs.has(pair));
    return {
      unneeded: unneeded.map((pair) => ({ pair, sizeBytes: sizeOf(situation.updates.get(pair)) })),
      emptied: expired.map((one) => one.dir),
      ioFailed: false,
    };
  } catch (error) {
    if (!(error instanceof ReleasePlanError) || error.code !== 'gc-undecided') throw error;
    host.report({
      type: 'warning',
      message: `the trash was not emptied and unused deltas were not listed: ${error.message}`,
    });
    return { unneeded: undefined, emptied: [], ioFailed: errnoOf(error) !== undefined && leavesOpen(error) };
  }
}

/** Static deltas by the starts of their commits. */
async function unneededStatic(
  plan: Plan,
  fleet: FleetSituation,
  signal: AbortSignal,
): Promise<Array<{ pair: string }>> {
  const pairs = await unrequiredOf(plan, retainedPairs(fleet, await basisFacts(fleet, signal)), signal);
  return pairs.map(({ from, to }) => ({ pair: pairKey(from.slice(0, 10), to.slice(0, 10)) }));
}

const sizeOf = (held: Held<DeltaInfo> | undefined): number =>
  held?.state === 'whole' ? held.manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0) : 0;
