/** Reads what a server answered: it may be anything, and what it lacks is said with the server's name. */
import { ReleasePlanError } from '../../core/errors.ts';
import { isObject } from '../../text/parse-json.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** An object of an answer. @throws ReleasePlanError `server-answer` */
export function objectOf(value: unknown, what: string): JsonObject {
  if (isObject(value)) return value;
  throw unexpected(what, 'an object');
}

/** A list of objects of an answer. @throws ReleasePlanError `server-answer` */
export function objectsOf(value: unknown, what: string): JsonObject[] {
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw unexpected(what, 'a list of objects');
}

/** A number of an answer. @throws ReleasePlanError `server-answer` */
export function numberIn(object: JsonObject, key: string, what: string): number {
  const value = object[key];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw unexpected(what, `a number ${key}`);
}

/** A text of an answer; empty when there is none. */
export const textIn = (object: JsonObject, key: string): string => {
  const value = object[key];
  return typeof value === 'string' ? value : '';
};

const unexpected = (what: string, wanted: string): ReleasePlanError =>
  new ReleasePlanError('server-answer', `${what} answered without ${wanted}`);
