import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { ReleasePlanError } from '../core/errors.ts';

/**
 * Refuses kas files of a later format than this kas knows: kas 3.1 says only
 * that it could not validate the file. Files that the chain includes are kas's
 * own to complain of.
 *
 * @param kas the first line of `kas --version`: `kas 3.1 (configuration format version 12, ...)`
 * @throws ReleasePlanError `kas-too-old`
 */
export async function requireKnownHeader(files: readonly string[], kas: string): Promise<void> {
  const known = Number(/configuration format version (\d+)/.exec(kas)?.[1] ?? Number.NaN);
  if (Number.isNaN(known)) return;
  for (const file of files) {
    const version = headerVersion(await readFile(file, 'utf8'));
    if (version === undefined || version <= known) continue;
    throw new ReleasePlanError(
      'kas-too-old',
      `your kas is too old for header version ${version} of ${file}: ${kas.split(' (', 1)[0]} knows versions ` +
        `up to ${known}`,
    );
  }
}

/** What stands as header.version; undefined for what is no kas file, of which kas itself will complain. */
function headerVersion(text: string): number | undefined {
  const document: unknown = parseDocument(text, { logLevel: 'silent', uniqueKeys: false, version: '1.1' }).toJS();
  if (typeof document !== 'object' || document === null || !('header' in document)) return undefined;
  const { header } = document;
  if (typeof header !== 'object' || header === null || !('version' in header)) return undefined;
  const version = Number(header.version);
  return Number.isInteger(version) ? version : undefined;
}
