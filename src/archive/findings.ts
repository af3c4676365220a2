/**
 * What was found out once of something in the archive and takes seconds to find out again, remembered for the page by a
 * digest of what it was found out from.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChangedPair, ExplainedDelta } from '../core/findings.ts';
import { writeFileAtomic } from '../io/atomic.ts';
import type { DocumentName } from '../io/documents/compile.ts';
import { readDocument } from '../io/documents/read.ts';
import { ifPresent, namesIn } from '../io/present.ts';
import { prettyJson } from '../text/pretty-json.ts';
import { changedDir, explainedDir, type PlanKey } from './layout.ts';

/** Findings of one kind, a file for each. */
export interface Findings<T> {
  /** What is known; undefined where nothing is, or it was damaged. */
  read(key: PlanKey, sha256: string): Promise<T | undefined>;
  write(key: PlanKey, one: T): Promise<void>;
  /** Forgets all others. */
  forget(key: PlanKey, kept: ReadonlySet<string>): Promise<void>;
}

const findings = <T extends { sha256: string }>(
  name: DocumentName,
  folderOf: (key: PlanKey) => string,
): Findings<T> => ({
  async read(key, sha256) {
    const opened = await ifPresent(readDocument<T>(name, join(folderOf(key), `${sha256}.json`)));
    return opened !== undefined && 'value' in opened && opened.value.sha256 === sha256 ? opened.value : undefined;
  },
  async write(key, one) {
    await writeFileAtomic(join(folderOf(key), `${one.sha256}.json`), prettyJson(one));
  },
  async forget(key, kept) {
    for (const file of await namesIn(folderOf(key)))
      if (/^[0-9a-f]{64}\.json$/.test(file) && !kept.has(file.slice(0, 64)))
        await rm(join(folderOf(key), file), { force: true });
  },
});

/** Which files deltas are made of, by the digest of the delta. */
export const explainedFindings = findings<ExplainedDelta>('explained', explainedDir);

/** What changed between the versions of pairs, by the digest of their manifests. */
export const changedFindings = findings<ChangedPair>('changed', changedDir);
