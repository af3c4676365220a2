/** What a nightly run found, and how that differs from the night before. Pure. */
import { digestOf } from '../text/json.ts';
import type { ArchiveState, NightRecord } from '../core/archive.ts';
import { pairText } from '../core/pair.ts';
import type { CheckRow, ConsistencyReport } from '../core/report.ts';

/** What a night found beside what apply says. */
export interface Night extends Pick<NightRecord, 'ranAt' | 'damaged' | 'unreadable'> {
  /** When the night before was; absent for the first. */
  since?: string;
  /** What differs from then, a line each. */
  changes: string[];
  /** Bytes that were read and compared, and those of the whole archive. */
  readBytes: number;
  archivedBytes: number;
  /** What was read of the archive's store; absent without one. */
  store?: NightOfStore;
  /** Deltas that nothing requires; undefined when that cannot be told. */
  unneeded: Array<{ pair: string; sizeBytes?: number }> | undefined;
  /** What was emptied of the trash. */
  emptied: string[];
}

/** What a night read of the store behind an archive. */
export interface NightOfStore {
  /** Its address. */
  store: string;
  /** Bytes that were read and compared, and those of everything that has a name there. */
  readBytes: number;
  storedBytes: number;
  /** What is missing or damaged there. */
  problems: Array<{ subject: string; name: string; problem: string; isRepaired: boolean }>;
  /** Why not all of what was due could be read, in words. */
  unreadable?: string;
}

/** A full package as a line names it. */
const fullText = (version: string): string => `full package ${version}`;

/** What stands now, for the next night to compare with. */
export function nightRecord(
  { versions, updates, fulls }: ArchiveState,
  report: ConsistencyReport,
  ranAt: string,
): NightRecord {
  const unreadable: Record<string, string[]> = {};
  const record: NightRecord = { ranAt, versions: {}, updates: {}, damaged: {}, unreadable, checks: {} };
  for (const [version, entry] of versions)
    if (entry.state === 'whole') record.versions[version] = digestOf(entry.manifest);
  for (const [pair, entry] of updates)
    if (entry.state === 'whole') record.updates[pairText(pair)] = digestOf(entry.manifest);
  const updatesByName = [...updates].map(([pair, entry]) => [pairText(pair), entry] as const);
  const fullsByName = [...fulls].map(([version, entry]) => [fullText(version), entry] as const);
  for (const [name, entry] of fullsByName) if (entry.state === 'whole') record.updates[name] = digestOf(entry.manifest);
  for (const [subject, entry] of [...versions, ...updatesByName, ...fullsByName]) {
    if (entry.state === 'damaged') record.damaged[subject] = entry.problems;
    if (entry.state === 'unreadable') unreadable[subject] = entry.problems;
  }
  for (const { check, subject, result } of report.checks) {
    const name = `${check} ${subject}`;
    record.checks[name] = worse(record.checks[name], result);
  }
  return record;
}

const BADNESS = { 'pass': 0, 'not-checked': 1, 'fail': 2 } as const;

const worse = (a: CheckRow['result'] | undefined, b: CheckRow['result']): CheckRow['result'] =>
  a !== undefined && BADNESS[a] > BADNESS[b] ? a : b;

/** What differs from the night before, a line each; nothing for the first night, which has none to compare with. */
export function changesSince(before: NightRecord | undefined, now: NightRecord): string[] {
  if (before === undefined) return [];
  const wasBad = { ...before.damaged, ...before.unreadable };
  const isNew = (subject: string): boolean => wasBad[subject] === undefined;
  return [
    ...compared('version', 'archived', before.versions, now.versions, isNew),
    ...compared('update', 'made', before.updates, now.updates, isNew),
    ...[before.versions, before.updates, wasBad].flatMap((subjects) =>
      Object.keys(subjects)
        .filter((one) => !isKnown(one, now))
        .map((one) => `${one} is no longer in the archive`),
    ),
    ...Object.entries(now.damaged)
      .filter(([subject]) => before.damaged[subject] === undefined)
      .map(([subject, problems]) => `${subject} is damaged: ${problems.join('; ')}`),
    ...Object.entries(now.unreadable ?? {})
      .filter(([subject]) => before.unreadable?.[subject] === undefined)
      .map(([subject, problems]) => `${subject} cannot be read: ${problems.join('; ')}`),
    ...Object.keys(wasBad)
      .filter((subject) => subject in now.versions || subject in now.updates)
      .map((subject) => `${subject} is intact again`),
    ...comparedChecks(before.checks, now.checks),
  ];
}

const isKnown = (subject: string, { versions, updates, damaged, unreadable = {} }: NightRecord): boolean =>
  [versions, updates, damaged, unreadable].some((subjects) => subjects[subject] !== undefined);

/** What was added or made again; what was damaged has a line of its own. */
function compared(
  kind: string,
  made: string,
  before: Record<string, string>,
  now: Record<string, string>,
  isNew: (subject: string) => boolean,
): string[] {
  return Object.keys(now)
    .filter((name) => before[name] !== now[name] && isNew(name))
    .map((name) => `${kind} ${name} was ${made}${before[name] === undefined ? '' : ' again'}`);
}

/** Checks that read otherwise; those of what came or went are no news. */
function comparedChecks(before: NightRecord['checks'], now: NightRecord['checks']): string[] {
  return Object.entries(now).flatMap(([name, result]) => {
    const was = before[name];
    return was === undefined || was === result ? [] : [`check ${name}: ${was} -> ${result}`];
  });
}
