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

/** Whether a value is an object of JSON, and no list. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

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
