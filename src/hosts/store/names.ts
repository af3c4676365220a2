/**
 * Where everything lies in a store. Names only, no network.
 *
 * ```
 * archive.json                                    which archive it is
 * objects/<2 digits>/<62 digits>                  content by its sha256
 * refs/<machine>/<image>/<version>/version.json   what a version is: its manifest and the signature over it
 * refs/<machine>/<image>/<version>/full.json      what its full package is
 * refs/<machine>/<image>/<to>/from_<from>.json    what an update is; or, of each of the three, that gc removed it
 * documents/...                                   what changes: the registry, the record of what was published
 * claims/<name>/<id>                              who is about to write a name, where the server cannot hold it
 * claims/sweep/<id>                               who is removing content that nothing names
 * ```
 */
import {
  DELTA_INFO,
  FULL_INFO,
  fullDir,
  MANIFEST,
  MANIFEST_SIGNATURE,
  updateDir,
  versionDir,
  type ArchiveKey,
} from '../../archive/layout.ts';
import { pairText } from '../../core/pair.ts';
import { isVersion } from '../../plan/version.ts';

/** One thing that is archived under a name. */
export type Subject =
  | { kind: 'version'; version: string }
  | { kind: 'full'; version: string }
  | { kind: 'update'; from: string; to: string };

/** The version that something is, or is made for: with it, it comes and goes. */
export const versionOf = (subject: Subject): string => (subject.kind === 'update' ? subject.to : subject.version);

export const IDENTITY_NAME = 'archive.json';

export const objectName = (sha256: string): string => `objects/${sha256.slice(0, 2)}/${sha256.slice(2)}`;

/** The sha256 of an object's name; undefined for a stranger's. */
export function objectOf(name: string): string | undefined {
  const [, begin = '', rest = ''] = /^objects\/([0-9a-f]{2})\/([0-9a-f]{62})$/.exec(name) ?? [];
  return begin === '' ? undefined : begin + rest;
}

/** The folder with all refs of a product. */
export const refsFolder = ({ machine, image }: ArchiveKey): string => `refs/${machine}/${image}`;

export function refName(key: ArchiveKey, subject: Subject): string {
  const folder = refsFolder(key);
  switch (subject.kind) {
    case 'version':
      return `${folder}/${subject.version}/version.json`;
    case 'full':
      return `${folder}/${subject.version}/full.json`;
    case 'update':
      return `${folder}/${subject.to}/from_${subject.from}.json`;
  }
}

/** What a name below {@link refsFolder} is of; undefined for a stranger's. */
export function subjectOf(key: ArchiveKey, name: string): Subject | undefined {
  const [version = '', file = '', more] = name.slice(refsFolder(key).length + 1).split('/');
  if (!isVersion(version) || more !== undefined) return undefined;
  if (file === 'version.json') return { kind: 'version', version };
  if (file === 'full.json') return { kind: 'full', version };
  const [, from] = /^from_(.+)\.json$/.exec(file) ?? [];
  return from !== undefined && isVersion(from) ? { kind: 'update', from, to: version } : undefined;
}

/** A subject in words. */
export function subjectText(subject: Subject): string {
  switch (subject.kind) {
    case 'version':
      return subject.version;
    case 'full':
      return `full package ${subject.version}`;
    case 'update':
      return pairText(subject);
  }
}

/** Kind and name of a subject, for programs. */
export const subjectDocument = (subject: Subject): object => ({ subject: subjectText(subject), ...subject });

/** Where a subject lies in the archive's folder. */
export interface SubjectFolder {
  dir: string;
  manifest: string;
  /** Name of the signature over the manifest, for what has one. */
  signature?: string;
}

export function folderOf(key: ArchiveKey, subject: Subject): SubjectFolder {
  switch (subject.kind) {
    case 'version':
      return { dir: versionDir(key, subject.version), manifest: MANIFEST, signature: MANIFEST_SIGNATURE };
    case 'full':
      return { dir: fullDir(key, subject.version), manifest: FULL_INFO };
    case 'update':
      return { dir: updateDir(key, subject.from, subject.to), manifest: DELTA_INFO };
  }
}

/** Versions before what is made of them. */
export const SUBJECT_KINDS: ReadonlyArray<Subject['kind']> = ['version', 'full', 'update'];

/** In the order of {@link SUBJECT_KINDS}. */
export const bySubject = (a: Subject, b: Subject): number =>
  SUBJECT_KINDS.indexOf(a.kind) - SUBJECT_KINDS.indexOf(b.kind);
