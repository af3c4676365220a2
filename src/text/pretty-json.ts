/**
 * JSON for people and diffs: indented by two, ending with a line break. Apart
 * from json.ts, whose digests load node:crypto: commands need this at their start.
 */
export const prettyJson = (value: unknown): string => `${visibleJson(JSON.stringify(value, null, 2))}\n`;

/**
 * JSON with the same values in which everything can be seen: it may be shown on
 * a terminal, and in the log of a CI job, see printable.ts. What is not ASCII
 * and no text stands in strings alone, and so does a number sign.
 */
export const visibleJson = (json: string): string =>
  json
    .replace(/(?![\n\r\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (one) =>
      one
        .split('')
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join(''),
    )
    .replace(/##(?=\w*\[)/g, String.raw`#\u0023`);
