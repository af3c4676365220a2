/** Reading a manifest that came from a store. */
import type { ArchivedFile } from '../../core/archive.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { readSealedDocument } from '../../io/documents/read.ts';
import type { Subject } from './names.ts';

interface ManifestFields {
  version?: string;
  from?: string;
  to?: string;
  files: ArchivedFile[];
}

const DOCUMENT_OF = { version: 'manifest', full: 'fullInfo', update: 'deltaInfo' } as const;

/**
 * The files that a manifest names; it has to be of the subject whose name led to it.
 *
 * @param path where it was brought
 * @param what it is, for the message
 * @throws ReleasePlanError `store-damaged`
 */
export async function filesNamedIn(path: string, subject: Subject, what: string): Promise<ArchivedFile[]> {
  const opened = await readSealedDocument<ManifestFields>(DOCUMENT_OF[subject.kind], path);
  if ('problem' in opened) throw new ReleasePlanError('store-damaged', `${what} ${opened.problem}`);
  if (!isOf(opened.value, subject)) throw new ReleasePlanError('store-damaged', `${what} is the manifest of another`);
  return opened.value.files;
}

const isOf = (manifest: ManifestFields, subject: Subject): boolean =>
  subject.kind === 'update'
    ? manifest.from === subject.from && manifest.to === subject.to
    : manifest.version === subject.version;
