/**
 * JSON for people and diffs: indented by two, ending with a line break. Apart
 * from json.ts, whose digests load node:crypto: commands need this at their start.
 */
export const prettyJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
