/** What a sw-description asks for: its version and the members it names. */
import type { ConfigValue } from './libconfig.ts';
import { isGroup, parseTree } from './tree.ts';

/** A member that a sw-description names. */
export interface ListedMember {
  filename: string;
  /** As written; absent when the entry has none, which signed clients refuse. */
  sha256?: string;
}

/** What matters of a sw-description when a package is opened. */
export interface Listing {
  /** `software.version`, when there is one. */
  version?: string;
  /** Every entry with a file name, in order; one file may be named by several entries. */
  members: ListedMember[];
}

/**
 * Reads a sw-description, libconfig or JSON as SWUpdate does: boards, modes
 * and links all end in entries with a `filename`, so every one of them counts.
 *
 * @throws ReleasePlanError `swu-template` when it is neither
 */
export function readListing(source: string): Listing {
  const { software } = parseTree(source);
  const members: ListedMember[] = [];
  collect(software, members);
  return { members, ...(typeof software.version === 'string' ? { version: software.version } : {}) };
}

function collect(value: ConfigValue, into: ListedMember[]): void {
  if (Array.isArray(value)) for (const one of value) collect(one, into);
  if (!isGroup(value)) return;
  if (typeof value.filename === 'string') {
    into.push({
      filename: value.filename,
      ...(typeof value.sha256 === 'string' ? { sha256: value.sha256.toLowerCase() } : {}),
    });
  }
  for (const one of Object.values(value)) collect(one, into);
}
