import { join } from 'node:path';
import type { ArchivedVersion } from './archived.ts';
import { commitsBetween } from './commits.ts';
import { commitLink, compareLink, plainCommit, publicRemote } from './remotes.ts';
import { repositoriesOf, type BuiltRepository } from './repositories.ts';

/** A repository of layers (or of tools) that differs; null where a version does not have it. */
export interface LayerChange {
  layer: string;
  from: string | null;
  to: string | null;
  /** Where it is fetched from, without user names and passwords; null when no lock says so. */
  remote: string | null;
  /** A page with the commits between; null for servers of no known kind. */
  link: string | null;
  /** What the local clone has between the two; null without one. */
  commits: {
    added: number;
    dropped: number;
    /** Newest first; at most 200. */
    list: Array<{ commit: string; subject: string; link: string | null }>;
  } | null;
}

/**
 * Repositories whose commits differ, by name.
 *
 * @param workDir where kas runs, for the local clones; undefined to ask none
 * @throws ReleasePlanError `archive-damaged`; a system error
 */
export async function layerChanges(
  from: ArchivedVersion,
  to: ArchivedVersion,
  workDir: string | undefined,
  signal?: AbortSignal,
): Promise<LayerChange[]> {
  const before = await repositoriesOf(from, signal);
  const after = await repositoriesOf(to, signal);
  const changes: LayerChange[] = [];
  for (const place of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(place), after.get(place)];
    if (old?.commit === now?.commit) continue;
    // A lock on one side alone tells of repositories that the other has too, and does not name.
    if (old === undefined && now !== undefined && isUnknown(from, to, place)) continue;
    if (now === undefined && old !== undefined && isUnknown(to, from, place)) continue;
    changes.push(await changeOf(old, now, workDir === undefined ? undefined : join(workDir, place), signal));
  }
  return changes.sort((a, b) => (a.layer < b.layer ? -1 : a.layer > b.layer ? 1 : 0));
}

const hasLock = ({ manifest }: ArchivedVersion): boolean => manifest.files.some(({ role }) => role === 'lock');

const isUnknown = (here: ArchivedVersion, there: ArchivedVersion, place: string): boolean =>
  !hasLock(here) && hasLock(there) && !(place in there.manifest.configuration.layers);

async function changeOf(
  old: BuiltRepository | undefined,
  now: BuiltRepository | undefined,
  clone: string | undefined,
  signal?: AbortSignal,
): Promise<LayerChange> {
  const remote = now?.remote ?? old?.remote;
  const linkOf = (commit: string): string | null =>
    remote === undefined ? null : (commitLink(remote, commit) ?? null);
  const [first, last] = [plainCommit(old?.commit ?? ''), plainCommit(now?.commit ?? '')];
  const found =
    clone === undefined || first === undefined || last === undefined
      ? undefined
      : await commitsBetween(clone, first, last, signal);
  return {
    layer: now?.name ?? old?.name ?? '',
    from: old?.commit ?? null,
    to: now?.commit ?? null,
    remote: (remote === undefined ? undefined : publicRemote(remote)) ?? null,
    link:
      remote === undefined
        ? null
        : first === undefined || last === undefined
          ? linkOf(last ?? first ?? '')
          : (compareLink(remote, first, last) ?? null),
    commits:
      found === undefined
        ? null
        : {
            added: found.added,
            dropped: found.dropped,
            list: found.commits.map(({ commit, subject }) => ({ commit, subject, link: linkOf(commit) })),
          },
  };
}
