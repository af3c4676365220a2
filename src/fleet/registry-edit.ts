/**
 * Changes to a registry, as edits of its text: whatever an edit does not name
 * keeps its bytes, with unknown fields, their order, and numbers that
 * JavaScript cannot hold. Pure.
 */
import { applyEdits, modify, type JSONPath } from 'jsonc-parser';
import { ReleasePlanError } from '../core/errors.ts';
import { digestOf } from '../text/json.ts';
import { isRecord, parseRegistry, type Registry } from './registry.ts';

/** One value to set, objects on the way to it are made; or to take away, where it is undefined. */
export interface RegistryEdit {
  path: JSONPath;
  value: unknown;
}

/** How devices find the sizes of the static deltas to a Target, see delta/ostree/stats.ts. */
export interface DeltaStatsRef {
  /** 64 hex digits. */
  sha256: string;
  /** Bytes of the statistics document. */
  size: number;
}

const targetPath = (name: string): JSONPath => ['signed', 'targets', name];

/** Sets the tags of a Target that exists. */
export const setTags = (name: string, tags: readonly string[]): RegistryEdit => ({
  path: [...targetPath(name), 'custom', 'tags'],
  value: tags,
});

/** Takes a Target out. */
export const removeTarget = (name: string): RegistryEdit => ({ path: targetPath(name), value: undefined });

/** Names the delta statistics in every Target that has this commit: several can share one. */
export function setDeltaStats(registry: Registry, commit: string, stats: DeltaStatsRef): RegistryEdit[] {
  return registry.targets
    .filter((target) => target.commit === commit)
    .filter(
      ({ custom }) =>
        !(
          isRecord(custom['delta-stats']) &&
          custom['delta-stats'].sha256 === stats.sha256 &&
          custom['delta-stats'].size === stats.size
        ),
    )
    .map((target) => ({ path: [...targetPath(target.name), 'custom', 'delta-stats'], value: stats }));
}

/** A Target to be added, in the form of the file. */
export interface TargetEntry {
  hashes: { sha256: string };
  length: number;
  custom: Record<string, unknown>;
}

/**
 * Adds a Target, or brings the one of that name up to date: its tags, its
 * creation time and the fields that the entry does not have stay as they are.
 */
export function upsertTarget(registry: Registry, name: string, entry: TargetEntry): RegistryEdit[] {
  const existing = registry.targets.find((target) => target.name === name);
  if (existing === undefined) return [{ path: targetPath(name), value: entry }];
  if (existing.sha256 === entry.hashes.sha256) return [];
  const { tags: _tags, createdAt: _createdAt, ...custom } = entry.custom;
  return [
    { path: [...targetPath(name), 'hashes', 'sha256'], value: entry.hashes.sha256 },
    { path: [...targetPath(name), 'length'], value: entry.length },
    ...Object.entries(custom).map(([key, value]) => ({ path: [...targetPath(name), 'custom', key], value })),
  ];
}

/**
 * The registry with the edits made. Its signatures no longer hold and are
 * taken out, and its version is raised, as TUF clients demand of new metadata.
 *
 * @param options `keepsVersion` for a document that is only shown
 * @throws ReleasePlanError `targets-invalid` when an edit does not show, as in a document that names a key twice
 * @see The Update Framework Specification 1.0, section 5.6: an equal version with other content is refused
 */
export function editRegistry(
  registry: Registry,
  edits: readonly RegistryEdit[],
  { keepsVersion = false }: { keepsVersion?: boolean } = {},
): Registry {
  if (edits.length === 0) return registry;
  const all: RegistryEdit[] = [
    ...edits,
    ...(keepsVersion ? [] : [{ path: ['signed', 'version'], value: registry.documentVersion + 1 }]),
    ...(registry.isSigned ? [{ path: ['signatures'], value: [] }] : []),
  ];
  const formatting = registry.text.trim().includes('\n')
    ? { formattingOptions: { insertSpaces: true, tabSize: indentOf(registry.text) } }
    : {};
  const text = all.reduce(
    (before, { path, value }) => applyEdits(before, modify(before, path, value, formatting)),
    registry.text,
  );
  const edited: unknown = JSON.parse(text);
  for (const { path, value } of all) {
    const now = valueAt(edited, path);
    if (value === undefined ? now === undefined : now !== undefined && digestOf(now) === digestOf(value)) continue;
    throw new ReleasePlanError('targets-invalid', `${registry.file} contains ${path.join('.')} twice`, {
      hint: 'Remove one of them; readers disagree on which one counts.',
    });
  }
  return parseRegistry(text, registry.file);
}

const valueAt = (document: unknown, path: JSONPath): unknown =>
  path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), document);

/** Columns of the first indented line. */
const indentOf = (text: string): number => /\n( +)\S/.exec(text)?.[1]?.length ?? 2;
