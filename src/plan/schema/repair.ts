import type { ErrorObject } from 'ajv/dist/2020.js';
import type { PlanSource } from '../source.ts';
import { pointerOf, type WrittenAt } from './messages.ts';

/** Errors that leave the value itself usable: something else is missing, or a list is short. */
const HARMLESS = new Set(['required', 'minItems', 'propertyNames']);

/**
 * What of a plan the rules can still judge: every value that breaks the schema
 * is left out, so that one wrong key does not hide the other mistakes. An
 * unquoted number stands in as it was written, since its cure is known.
 *
 * @param value is changed in place: compose.ts makes it a tree without sharing
 */
export function usablePart(value: unknown, errors: readonly ErrorObject[], written: WrittenAt): PlanSource {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return {};
  for (const error of errors) {
    if (HARMLESS.has(error.keyword)) continue;
    const pointer = pointerOf(error.instancePath, value);
    if (error.keyword === 'additionalProperties') leaveOut(value, [...pointer, String(error.params.additionalProperty)], undefined);
    else if (error.propertyName !== undefined) leaveOut(value, [...pointer, error.propertyName], undefined);
    else leaveOut(value, pointer, standIn(error, written(pointer)));
  }
  // The schema holds for what is left, but for what is missing: that is what PlanSource says.
  return value as PlanSource;
}

function standIn(error: ErrorObject, text: string | undefined): string | undefined {
  const isUnquoted = error.keyword === 'type' && error.params.type === 'string' && (typeof error.data === 'number' || typeof error.data === 'boolean');
  return isUnquoted ? text : undefined;
}

function leaveOut(root: object, pointer: ReadonlyArray<string | number>, replacement: string | undefined): void {
  const last = pointer.at(-1);
  if (last === undefined) return;
  let parent: unknown = root;
  for (const step of pointer.slice(0, -1)) {
    // An ancestor was left out already.
    if (parent === null || typeof parent !== 'object' || !Object.hasOwn(parent, step)) return;
    parent = (parent as Record<string | number, unknown>)[step];
  }
  if (parent === null || typeof parent !== 'object') return;
  if (Array.isArray(parent) || replacement !== undefined) (parent as Record<string | number, unknown>)[last] = replacement;
  else delete (parent as Record<string | number, unknown>)[last];
}
