/** Text that arrives in chunks, cut into lines. */

/** A line may be this long; what has no end would otherwise fill the memory. */
const MAX_LINE_CHARS = 4 * 1024 * 1024;

/**
 * The lines of a stream of text, without their ends, numbered from 1.
 *
 * Only `\n` ends a line, after an optional `\r`: readline also cuts at U+2028,
 * which JSON allows inside a string.
 *
 * @throws RangeError when a line has no end within bounds
 */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<{ text: string; line: number }> {
  let rest = '';
  let line = 0;
  for await (const chunk of chunks) {
    const parts = `${rest}${chunk}`.split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > MAX_LINE_CHARS)
      throw new RangeError(`line ${line + parts.length + 1} is longer than ${MAX_LINE_CHARS} characters`);
    for (const part of parts) yield { text: part.endsWith('\r') ? part.slice(0, -1) : part, line: ++line };
  }
  if (rest !== '') yield { text: rest, line: line + 1 };
}
