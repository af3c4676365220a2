import { readFileSync } from 'node:fs';
import { Ajv2020, type CodeOptions, type ValidateFunction } from 'ajv/dist/2020.js';
import { packageFile } from '../package.ts';

/** The documents that release-plan reads back: the name of a check, and of its schema in schemas/documents/. */
export const DOCUMENTS = {
  manifest: 'manifest',
  deltaInfo: 'delta-info',
  fullInfo: 'full-info',
  state: 'state',
  report: 'report',
  run: 'run',
  published: 'published',
  rollouts: 'rollouts',
  explained: 'explained',
  changed: 'changed',
  targets: 'targets',
  proven: 'proven',
  pending: 'pending',
  staticDeltas: 'static-deltas',
  storeRef: 'store-ref',
  storeSeen: 'store-seen',
  storeRead: 'store-read',
} as const;

export type DocumentName = keyof typeof DOCUMENTS;

/**
 * Makes the functions that check documents.
 *
 * @param code how they are written, for the build, which puts them into a file
 * @returns the functions, and the ids that the build asks ajv for
 */
export function compileDocuments(code: CodeOptions = {}): {
  ajv: Ajv2020;
  ids: Record<DocumentName, string>;
  validators: Record<DocumentName, ValidateFunction>;
} {
  // The first error ends it: a hostile document has no say in how many there are.
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, validateSchema: false, code });
  const entries = Object.entries(DOCUMENTS).map(([name, file]) => {
    const path = packageFile(`schemas/documents/${file}.schema.json`);
    const schema = JSON.parse(readFileSync(path, 'utf8')) as { $id: string };
    return { name, id: schema.$id, validate: ajv.compile(schema) };
  });
  return {
    ajv,
    ids: Object.fromEntries(entries.map(({ name, id }) => [name, id])) as Record<DocumentName, string>,
    validators: Object.fromEntries(entries.map(({ name, validate }) => [name, validate])) as Record<
      DocumentName,
      ValidateFunction
    >,
  };
}
