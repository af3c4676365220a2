/** What runs leave of themselves in the archive, a file each, named by time. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRecord } from '../core/run-record.ts';
import { writeFileAtomic } from '../io/atomic.ts';
import { readDocument } from '../io/documents/read.ts';
import { ifPresent, namesIn } from '../io/present.ts';
import { prettyJson } from '../text/pretty-json.ts';
import { timeInNames } from '../text/timestamp.ts';
import { runsDir, type PlanKey } from './layout.ts';

/** Records that stay where the plan has no retention. */
export const RUNS_KEPT = 90;

const NAME = /^\d{8}T\d{6}Z\.json$/;

const nameOf = ({ startedAt }: RunRecord): string => `${timeInNames(startedAt)}.json`;

/** Names of the records, oldest first. */
const recordNames = async (key: PlanKey): Promise<string[]> =>
  (await namesIn(runsDir(key))).filter((name) => NAME.test(name)).sort();

/** Keeps a record, and of all the newest. @param most how many stay */
export async function addRun(key: PlanKey, record: RunRecord, most: number): Promise<void> {
  await writeFileAtomic(join(runsDir(key), nameOf(record)), prettyJson(record));
  for (const name of (await recordNames(key)).slice(0, -most)) await rm(join(runsDir(key), name), { force: true });
}

/** The last runs of a plan, oldest first. One that is damaged, or of a form to come, is passed over. */
export async function lastRuns(key: PlanKey, most: number): Promise<RunRecord[]> {
  const found: RunRecord[] = [];
  for (const name of (await recordNames(key)).slice(-most)) {
    const opened = await ifPresent(readDocument<RunRecord>('run', join(runsDir(key), name)));
    if (opened !== undefined && 'value' in opened) found.push(opened.value);
  }
  return found;
}
