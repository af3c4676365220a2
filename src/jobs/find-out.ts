/** What takes seconds to find out of the archive: found out once of each thing there, and remembered for the page. */
import { areHere } from '../archive/files-here.ts';
import type { Findings } from '../archive/findings.ts';
import type { PlanKey } from '../archive/layout.ts';
import { errnoOf } from '../core/errors.ts';
import type { ConsistencyReport, SizeRow } from '../core/report.ts';
import type { Host } from '../delivery/host.ts';

/** Something in the archive that there is to find out about. */
export interface Subject {
  /** Of what it is found out from. */
  sha256: string;
  /** The files for that, absolute. */
  files: readonly string[];
}

/** Findings of one kind, and how they come about. */
export interface Finder<One extends Subject, Found> {
  findings: Findings<Found>;
  subjects: readonly One[];
  /** What is being found out, in words. */
  progressOf(subject: One): string;
  find(subject: One, signal: AbortSignal): Promise<Found>;
  /** Whether there may be more to find another time. */
  isPartial(found: Found): boolean;
  /** What the user is told of one that cannot be found out; undefined where that was to be expected. */
  warningOf(subject: One, error: unknown): string | undefined;
}

/** Updates that anything is found out about. A delta of 1.3 GB takes ten seconds. */
const MOST_UPDATES = 10;

/** The updates for which most is sent. */
export function mostSent({ sizes }: ConsistencyReport): SizeRow[] {
  const sent = ({ sendBytes, devices = 1 }: SizeRow): number => sendBytes * devices;
  return sizes.toSorted((a, b) => sent(b) - sent(a)).slice(0, MOST_UPDATES);
}

/** What is known, beside what it is about. */
export async function whatIsKnown<One extends Subject, Found>(
  { findings, subjects }: Finder<One, Found>,
  plan: PlanKey,
): Promise<Array<{ subject: One; found: Found }>> {
  const known: Array<{ subject: One; found: Found }> = [];
  for (const subject of subjects) {
    const found = await findings.read(plan, subject.sha256);
    if (found !== undefined) known.push({ subject, found });
  }
  return known;
}

/**
 * Finds out what is not known yet, as far as its files are here, and forgets what is about anything else. What cannot
 * be found out (an image of another kind, a program that is missing) spoils no run.
 *
 * @throws a system error, AbortError
 */
export async function findOut<One extends Subject, Found>(
  finder: Finder<One, Found>,
  plan: PlanKey,
  host: Pick<Host, 'report' | 'signal'>,
  progress: (message: string) => void,
): Promise<void> {
  const { findings, subjects } = finder;
  for (const subject of subjects) {
    host.signal.throwIfAborted();
    const known = await findings.read(plan, subject.sha256);
    if (known !== undefined && !finder.isPartial(known)) continue;
    if (!(await areHere(...subject.files))) continue;
    progress(finder.progressOf(subject));
    const found = await orWarning(finder, subject, host);
    if (found !== undefined) await findings.write(plan, found);
  }
  await findings.forget(plan, new Set(subjects.map(({ sha256 }) => sha256)));
}

async function orWarning<One extends Subject, Found>(
  { find, warningOf }: Finder<One, Found>,
  subject: One,
  { signal, report }: Pick<Host, 'report' | 'signal'>,
): Promise<Found | undefined> {
  try {
    return await find(subject, signal);
  } catch (error) {
    // What reading a disk fails with is for the user; what an image or a record is like is not.
    if (signal.aborted || errnoOf(error) !== undefined) throw error;
    const message = warningOf(subject, error);
    if (message !== undefined) report({ type: 'warning', message });
    return undefined;
  }
}
