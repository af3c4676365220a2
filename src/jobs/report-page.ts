/** What a page shows beside the report: runs, what was published, what deltas are made of, and where files are. */
import { dirname, join, relative } from 'node:path';
import {
  BUILD_INFO,
  DELTA_INFO,
  FULL_INFO,
  LOCK,
  MANIFEST,
  publishedFile,
  reportFile,
  rolloutsFile,
} from '../archive/layout.ts';
import { lastRuns } from '../archive/run-records.ts';
import type { ArchivedFile } from '../core/archive.ts';
import { pairText } from '../core/pair.ts';
import type { Plan } from '../core/plan.ts';
import type { ConsistencyReport } from '../core/report.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import { sizeOf } from '../io/hash.ts';
import { logFolders } from '../kas/override.ts';
import { fullSubject, type PageFacts, type PageLink } from '../report/page/facts.ts';
import { RUNS_SHOWN } from '../report/page/runs.ts';
import { readRecord } from '../publish/record.ts';
import { readStandings } from '../publish/rollout/standing.ts';
import { changedPairs } from './describe-changes.ts';
import { explainedDeltas } from './explain.ts';

/** Where a plan's page is, which links are relative to unless they are told otherwise. */
export const pageFolder = (plan: Plan): string => dirname(reportFile(plan, 'html'));

/**
 * @param folder where the page will lie; undefined for one that may lie anywhere, and has no links
 * @throws ReleasePlanError `index-invalid` when a record of what was published or rolled out was altered
 */
export async function pageFacts(
  snapshot: Snapshot,
  report: ConsistencyReport,
  folder: string | undefined,
): Promise<PageFacts> {
  const { plan } = snapshot.inputs;
  const versions = new Set([...report.scope.versions, ...report.scope.pairs.map(({ to }) => to)]);
  return {
    runs: await lastRuns(plan, RUNS_SHOWN),
    // Other plans of the product publish into the same record.
    published: (await readRecord(publishedFile(plan))).filter(({ version }) => versions.has(version)),
    rollouts: (await readStandings(rolloutsFile(plan))).filter(({ version }) => versions.has(version)),
    explained: await explainedDeltas(snapshot, report),
    changed: await changedPairs(snapshot, report),
    links: folder === undefined ? new Map() : await linksOf(snapshot, folder),
  };
}

async function linksOf({ inputs, archive }: Snapshot, folder: string): Promise<Map<string, PageLink[]>> {
  const logs = await logsOf(inputs.plan);
  const links = new Map<string, PageLink[]>();
  const add = async (
    subject: string,
    dir: string,
    files: readonly ArchivedFile[],
    own: readonly string[],
    log?: string,
  ): Promise<void> => {
    const there = new Set(files.map((one) => one.path));
    const packages = files.filter(({ role }) => role === 'swu').map(({ path }) => path);
    const named = [...packages, ...own.filter((name, at) => at === 0 || there.has(name))];
    const found = named.map((name) => ({ label: name, href: hrefOf(join(dir, name), folder) }));
    const path = log === undefined ? undefined : await firstOf(logs.map((one) => join(one, log)));
    links.set(subject, path === undefined ? found : [...found, { label: 'build log', href: hrefOf(path, folder) }]);
  };
  for (const [version, entry] of archive.versions)
    if (entry.state === 'whole')
      await add(version, entry.dir, entry.manifest.files, [MANIFEST, BUILD_INFO, LOCK], `${version}.log`);
  for (const [{ from, to }, entry] of archive.updates)
    if (entry.state === 'whole')
      await add(
        pairText({ from, to }),
        entry.dir,
        entry.manifest.files,
        [DELTA_INFO, BUILD_INFO],
        `${from}-to-${to}.log`,
      );
  for (const [version, entry] of archive.fulls)
    if (entry.state === 'whole')
      await add(fullSubject(version), entry.dir, entry.manifest.files, [FULL_INFO, BUILD_INFO]);
  return links;
}

/** Folders with the logs of builds: none where nothing is built. */
const logsOf = async ({ kas, dir }: Plan): Promise<string[]> =>
  kas === undefined ? [] : await logFolders({ planDir: dir, config: kas.config, workDir: kas.workDir });

async function firstOf(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if ((await sizeOf(path)) !== undefined) return path;
  return undefined;
}

/** A path as a page in a folder links to it. */
export const hrefOf = (path: string, folder: string): string =>
  relative(folder, path).split('/').map(encodeURIComponent).join('/');
