/**
 * Text of others, made fit for a terminal or a log: control characters, which
 * could move the cursor or forge output, and those that turn the direction of
 * writing, which could make one thing look like another, become `·`.
 *
 * @see https://trojansource.codes
 */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\u00b7');
