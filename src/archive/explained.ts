/** Which files deltas are made of, remembered by the digest of the delta: to find out takes seconds for each. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExplainedDelta } from '../core/run-record.ts';
import { writeFileAtomic } from '../io/atomic.ts';
import { readDocument } from '../io/documents/read.ts';
import { ifPresent, namesIn } from '../io/present.ts';
import { prettyJson } from '../text/pretty-json.ts';
import { explainedDir, type PlanKey } from './layout.ts';

/** What is known of a delta; undefined where nothing is. @param sha256 of the delta */
export async function readExplained(key: PlanKey, sha256: string): Promise<ExplainedDelta | undefined> {
  const opened = await ifPresent(readDocument<ExplainedDelta>('explained', join(explainedDir(key), `${sha256}.json`)));
  return opened !== undefined && 'value' in opened && opened.value.sha256 === sha256 ? opened.value : undefined;
}

/** Remembers what was found out of a delta. */
export const writeExplained = async (key: PlanKey, one: ExplainedDelta): Promise<void> =>
  await writeFileAtomic(join(explainedDir(key), `${one.sha256}.json`), prettyJson(one));

/** Forgets what is known of other deltas. */
export async function forgetExplained(key: PlanKey, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await namesIn(explainedDir(key)))
    if (/^[0-9a-f]{64}\.json$/.test(name) && !kept.has(name.slice(0, 64)))
      await rm(join(explainedDir(key), name), { force: true });
}
