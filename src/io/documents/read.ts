/** Reading back what release-plan itself or a server wrote: bounded, and believed only as far as its schema says. */
import type { ErrorObject } from 'ajv/dist/2020.js';
import { errnoOf } from '../../core/errors.ts';
import { openSealedJson } from '../../text/json.ts';
import { parseJson } from '../../text/parse-json.ts';
import { readRegularText, type RegularOptions } from '../regular.ts';
import type { DocumentName } from './compile.ts';

/** A document, or what is wrong with it, to be said after its path. */
export type Opened<T> = { value: T } | { problem: string };

/**
 * Reads a document that carries its own digest.
 *
 * @param T what the schema of that name describes
 * @throws ReleasePlanError `file-not-regular`, `file-too-large`; the system's error when it cannot be read
 */
export async function readSealedDocument<T>(
  name: DocumentName,
  path: string,
  options: RegularOptions = {},
): Promise<Opened<T>> {
  return await openSealedDocument<T>(name, await readRegularText(path, options));
}

/** As {@link readSealedDocument}, of text that came from elsewhere. */
export async function openSealedDocument<T>(name: DocumentName, text: string): Promise<Opened<T>> {
  return await checked<T>(name, openSealedJson(text));
}

/** As {@link readSealedDocument}, of one that carries none. */
export async function readDocument<T>(
  name: DocumentName,
  path: string,
  options: RegularOptions = {},
): Promise<Opened<T>> {
  return await checked<T>(name, parseJson(await readRegularText(path, options)));
}

/** As {@link readSealedDocument}; undefined where there is no such file, and for one that was altered. */
export async function readIfThere<T>(name: DocumentName, path: string): Promise<T | undefined> {
  try {
    const opened = await readSealedDocument<T>(name, path);
    return 'problem' in opened ? undefined : opened.value;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** What is wrong with the shape of a document; undefined when nothing is. */
export async function documentProblem(name: DocumentName, value: unknown): Promise<string | undefined> {
  const validate = (await import('./validators.ts'))[name];
  if (validate(value)) return undefined;
  const [error] = validate.errors ?? [];
  return error === undefined ? 'has another form than its schema' : inWords(error);
}

async function checked<T>(name: DocumentName, opened: Opened<unknown>): Promise<Opened<T>> {
  if ('problem' in opened) return opened;
  const problem = await documentProblem(name, opened.value);
  // The schema holds for the value, and T is what it describes.
  return problem === undefined ? { value: opened.value as T } : { problem };
}

/** The place and what should stand there; never the value, which may be anything and of any length. */
function inWords({ instancePath, keyword, message, params }: ErrorObject): string {
  const place = instancePath === '' ? 'the document' : instancePath.slice(0, 200);
  const wanted = keyword === 'enum' ? `must be one of ${(params.allowedValues as unknown[]).join(', ')}` : message;
  return `is damaged: ${place} ${wanted ?? 'is not what its schema says'}`;
}
