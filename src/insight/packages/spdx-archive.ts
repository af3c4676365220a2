/**
 * SPDX 2.2 as Yocto's create-spdx leaves it from 4.0 (kirkstone) to 5.0 (scarthgap): a document for each package,
 * recipe and image, all in one tar archive compressed by zstd. The image's document names those of its packages.
 *
 * @see OpenEmbedded meta/classes/create-spdx-2.2.bbclass, combine_spdx; SPDX 2.2, external document references
 */
import { ReleasePlanError } from '../../core/errors.ts';
import { tarMembers } from '../../io/tar.ts';
import { unzstd } from '../../io/unzstd.ts';
import { isObject, parseJson } from '../../text/parse-json.ts';
import type { InstalledPackage } from './database.ts';
import { declaredLicence, objectsIn, textOf, type Fields } from './json-fields.ts';

/** A document of a package lists its files: the sources of a kernel come to some 20 MB. */
const MOST_DOCUMENT_BYTES = 128 * 1024 * 1024;

/** With the sources of all recipes (SPDX_INCLUDE_SOURCES) an image has a few GB. */
const MOST_ARCHIVE_BYTES = 8 * 1024 * 1024 * 1024;

/**
 * The packages of the image.
 *
 * @returns undefined where no document says what is in the image
 * @throws ReleasePlanError `record-corrupt`, `tool-missing`; AbortError
 */
export async function readSpdxArchive(
  path: string,
  signal?: AbortSignal,
): Promise<Map<string, InstalledPackage> | undefined> {
  const damaged = (problem: string): ReleasePlanError => new ReleasePlanError('record-corrupt', `${path} ${problem}`);
  const chunks = unzstd(path, (complaint) => damaged(`is not whole zstd data: ${complaint}`), signal);
  const limits = { memberBytes: MOST_DOCUMENT_BYTES, archiveBytes: MOST_ARCHIVE_BYTES };
  const installed = new Set<string>();
  const known = new Map<string, InstalledPackage>();
  for await (const { name, bytes } of tarMembers(chunks, limits, damaged)) {
    signal?.throwIfAborted();
    if (bytes === undefined || !name.endsWith('.spdx.json')) continue;
    const opened = parseJson(bytes.toString('utf8'));
    if ('problem' in opened || !isObject(opened.value)) throw damaged(`has a document that is no JSON: ${name}`);
    for (const one of installedBy(opened.value)) installed.add(one);
    for (const [id, one] of packagesOf(opened.value)) known.set(id, one);
  }
  if (installed.size === 0) return undefined;
  const packages = new Map<string, InstalledPackage>();
  for (const id of installed) {
    const one = known.get(id);
    if (one === undefined) throw damaged(`has no document of a package that its image names: ${id}`);
    packages.set(one.name, one);
  }
  return packages;
}

/** What a document says that an image contains, by the namespace of the other document and the element in it. */
function installedBy(document: Fields): string[] {
  const namespaces = new Map(
    objectsIn(document.externalDocumentRefs).map((one) => [
      textOf(one.externalDocumentId) ?? '',
      textOf(one.spdxDocument) ?? '',
    ]),
  );
  return objectsIn(document.relationships).flatMap(({ relationshipType, relatedSpdxElement }) => {
    if (relationshipType !== 'CONTAINS') return [];
    const [reference = '', element = ''] = (textOf(relatedSpdxElement) ?? '').split(':');
    const namespace = namespaces.get(reference);
    // What a package contains are its own files.
    return namespace === undefined ? [] : [elementId(namespace, element)];
  });
}

function packagesOf(document: Fields): Array<[id: string, InstalledPackage]> {
  const namespace = textOf(document.documentNamespace) ?? '';
  return objectsIn(document.packages).flatMap((one): Array<[string, InstalledPackage]> => {
    const [id, name, version] = [one.SPDXID, one.name, one.versionInfo].map(textOf);
    if (id === undefined || name === undefined || version === undefined) return [];
    const licence = declaredLicence(one);
    return [[elementId(namespace, id), { name, version, ...(licence === undefined ? {} : { licence }) }]];
  });
}

const elementId = (namespace: string, element: string): string => `${namespace}#${element}`;
