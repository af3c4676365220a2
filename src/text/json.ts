import { createHash } from 'node:crypto';

/** JSON with sorted keys and no spaces: equal values give equal bytes. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    one !== null && typeof one === 'object' && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

/** JSON for people and diffs: indented by two, ending with a line break. */
export const prettyJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Deeper than any document of ours: what is deeper is meant to exhaust the stack of whoever walks it. */
const MOST_LEVELS = 100;

/**
 * Parses JSON from outside.
 *
 * @returns the value, or where it breaks off: never its text, which may be of a file that is not ours to show
 */
export function parseJson(text: string): { value: unknown } | { problem: string } {
  if (isDeep(text)) return { problem: `is nested deeper than ${MOST_LEVELS} levels` };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    const at = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    if (at === undefined) return { problem: 'is not JSON' };
    const before = text.slice(0, Number(at)).split('\n');
    return { problem: `is not JSON: line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}` };
  }
}

/** One look at each character, before anything recursive sees the text. */
function isDeep(text: string): boolean {
  let level = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      for (at += 1; at < text.length && text.charCodeAt(at) !== 0x22; at += 1)
        if (text.charCodeAt(at) === 0x5c) at += 1;
    } else if (code === 0x5b || code === 0x7b) {
      level += 1;
      if (level > MOST_LEVELS) return true;
    } else if (code === 0x5d || code === 0x7d) level -= 1;
  }
  return false;
}

/** sha256 of the canonical JSON of a value, 64 hex digits. */
export const digestOf = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex');

/**
 * A document that can tell whether it was altered: its last key, `self`, is
 * the {@link digestOf} of all the others. Pretty-printed for people and diffs.
 */
export function sealJson(value: object): string {
  return prettyJson({ ...value, self: digestOf(value) });
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
    return { problem: 'was altered: it does not match its own digest' };
  return { value };
}
