import type { ErrorObject } from 'ajv/dist/2020.js';
import { pointerOf, type WrittenAt } from './messages.ts';

/** Errors that leave the value itself usable: something else is missing, or a list is short. */
const HARMLESS = new Set(['required', 'minItems', 'propertyNames', 'if']);

/**
 * Reduces a plan to what the rules can still judge: every value that breaks
 * the schema is left out, so that one wrong key does not hide the other
 * mistakes. An unquoted number is replaced by what was written, since its cure
 * is known. Keys and places in lists stay, with undefined, so that what is
 * refused is not taken for missing.
 *
 * @param value is changed in place: compose.ts makes it a tree without sharing
 */
export function leaveOut(value: object, errors: readonly ErrorObject[], written: WrittenAt): void {
  for (const error of errors) {
    if (HARMLESS.has(error.keyword)) continue;
    const pointer = pointerOf(error.instancePath, value);
    if (error.keyword === 'additionalProperties')
      change(value, [...pointer, String(error.params.additionalProperty)], remove);
    else if (error.propertyName !== undefined) change(value, [...pointer, error.propertyName], remove);
    else change(value, pointer, (parent, key) => set(parent, key, standIn(error, written(pointer))));
  }
}

function standIn(error: ErrorObject, text: string | undefined): string | undefined {
  const isUnquoted =
    error.keyword === 'type' &&
    error.params.type === 'string' &&
    (typeof error.data === 'number' || typeof error.data === 'boolean');
  return isUnquoted ? text : undefined;
}

type Parent = Record<string | number, unknown>;

const remove = (parent: Parent, key: string | number): void => void delete parent[key];

/** The key stays: rules tell what is refused from what is missing. */
const set = (parent: Parent, key: string | number, value: string | undefined): void => {
  parent[key] = value;
};

function change(
  root: object,
  pointer: ReadonlyArray<string | number>,
  act: (parent: Parent, key: string | number) => void,
): void {
  const last = pointer.at(-1);
  if (last === undefined) return;
  let parent: unknown = root;
  for (const step of pointer.slice(0, -1)) {
    // An ancestor was left out already.
    if (parent === null || typeof parent !== 'object' || !Object.hasOwn(parent, step)) return;
    parent = (parent as Parent)[step];
  }
  if (parent !== null && typeof parent === 'object') act(parent as Parent, last);
}
