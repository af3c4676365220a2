import { createHash } from 'node:crypto';
import { parseJson } from './parse-json.ts';

/** JSON with sorted keys and no spaces: equal values give equal bytes. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    one !== null && typeof one === 'object' && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

/** sha256 of the canonical JSON of a value, 64 hex digits. */
export const digestOf = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex');

/**
 * A document that can tell whether it was altered: its last key, `self`, is
 * the {@link digestOf} of all the others. Pretty-printed for people and diffs.
 */
export function sealJson(value: object): string {
  return `${JSON.stringify({ ...value, self: digestOf(value) }, null, 2)}\n`;
}

/**
 * Reads a sealed document.
 *
 * @returns the value without `self`, or the reason why it is not to be trusted.
 */
export function openSealedJson(text: string): { value: Record<string, unknown> } | { problem: string } {
  const opened = parseJson(text);
  if ('problem' in opened) return opened;
  const parsed = opened.value;
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed))
    return { problem: 'is not a JSON object' };
  const { self, ...value } = parsed as Record<string, unknown>;
  // The bytes are compared too: white space or a doubled key would pass the digest.
  if (self !== digestOf(value) || sealJson(value) !== text)
    return { problem: 'was modified: it does not match its own digest' };
  return { value };
}
