/** SPDX 2.2 archives as create-spdx makes them: Python's tarfile as a stream, through zstd. */
import { execFileSync } from 'node:child_process';

/** As meta/classes/create-spdx-2.2.bbclass, combine_spdx: times of files are fractions, which takes pax headers. */
const COMBINE = `
import io, json, sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode='w|') as tar:
    for name, text in json.load(sys.stdin):
        content = text.encode()
        info = tarfile.TarInfo(name)
        info.size = len(content)
        info.mtime = 1700000000.25
        info.uname = info.gname = 'root'
        tar.addfile(info, io.BytesIO(content))
`;

export type Document = Record<string, unknown>;

/** An archive of documents. */
export function spdxArchive(documents: ReadonlyArray<Document | [name: string, text: string]>): Buffer {
  const members = documents.map((one) =>
    Array.isArray(one) ? one : [`${String(one.name)}.spdx.json`, JSON.stringify(one, undefined, 2)],
  );
  const tar = execFileSync('python3', ['-c', COMBINE], { input: JSON.stringify(members), maxBuffer: 2 ** 28 });
  return execFileSync('zstd', ['-q', '-c'], { input: tar, maxBuffer: 2 ** 28 });
}

const space = (name: string): string => `http://spdx.org/spdxdoc/${name}-5dd8a6a5`;
export const document = (name: string, rest: Document): Document => ({
  SPDXID: 'SPDXRef-DOCUMENT',
  spdxVersion: 'SPDX-2.2',
  name,
  documentNamespace: space(name),
  ...rest,
});

export const packageDocument = (name: string, version: string, licence: string): Document =>
  document(name, {
    packages: [
      {
        SPDXID: `SPDXRef-Package-${name}`,
        name,
        versionInfo: version,
        licenseConcluded: 'NOASSERTION',
        licenseDeclared: licence,
      },
    ],
    files: [{ SPDXID: `SPDXRef-PackagedFile-${name}-0`, fileName: `usr/lib/${name}` }],
    externalDocumentRefs: [{ externalDocumentId: `DocumentRef-recipe-${name}`, spdxDocument: space(`recipe-${name}`) }],
    relationships: [
      {
        spdxElementId: `SPDXRef-Package-${name}`,
        relationshipType: 'CONTAINS',
        relatedSpdxElement: `SPDXRef-PackagedFile-${name}-0`,
      },
      {
        spdxElementId: `SPDXRef-Package-${name}`,
        relationshipType: 'GENERATED_FROM',
        relatedSpdxElement: `DocumentRef-recipe-${name}:SPDXRef-Recipe-${name}`,
      },
    ],
  });

export const recipeDocument = (name: string): Document =>
  document(`recipe-${name}`, {
    packages: [{ SPDXID: `SPDXRef-Recipe-${name}`, name, versionInfo: '0', licenseDeclared: 'recipe' }],
  });

export const imageDocument = (...names: string[]): Document =>
  document('core-image-minimal-qemux86-64-20261127', {
    packages: [{ SPDXID: 'SPDXRef-Image', name: 'core-image-minimal', versionInfo: '1.0' }],
    externalDocumentRefs: names.flatMap((name) => [
      { externalDocumentId: `DocumentRef-${name}`, spdxDocument: space(name) },
      { externalDocumentId: `DocumentRef-runtime-${name}`, spdxDocument: space(`runtime-${name}`) },
    ]),
    relationships: names.flatMap((name) => [
      {
        spdxElementId: 'SPDXRef-Image',
        relationshipType: 'CONTAINS',
        relatedSpdxElement: `DocumentRef-${name}:SPDXRef-Package-${name}`,
      },
      {
        spdxElementId: 'SPDXRef-Image',
        relationshipType: 'OTHER',
        relatedSpdxElement: `DocumentRef-runtime-${name}:SPDXRef-DOCUMENT`,
      },
    ]),
  });
