/** Cells of a terminal that text takes. */

/** Takes no cell: it changes the character before it, or joins two. */
const NONE = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/**
 * Takes two cells: pictures that are coloured by themselves, and the scripts of East Asia.
 *
 * @see https://www.unicode.org/reports/tr11/
 */
const WIDE = new RegExp(
  `^[\\p{Emoji_Presentation}${['Han', 'Hangul', 'Hiragana', 'Katakana'].map((one) => `\\p{Script=${one}}`).join('')}` +
    '\\u3000-\\u303f\\uff01-\\uff60]$',
  'u',
);

const cellsOf = (character: string): number => (NONE.test(character) ? 0 : WIDE.test(character) ? 2 : 1);

/** How many cells a line takes. */
export const widthOf = (text: string): number => [...text].reduce((sum, one) => sum + cellsOf(one), 0);

/** Text that fits into so many cells: what is cut off is marked by `mark`, which takes one. */
export function fit(text: string, cells: number, mark: string): string {
  if (widthOf(text) <= cells) return text;
  let [kept, used] = ['', 0];
  for (const one of text) {
    if (used + cellsOf(one) > cells - 1) break;
    kept += one;
    used += cellsOf(one);
  }
  return cells < 1 ? '' : kept + mark;
}
