import { isUtf8 } from 'node:buffer';
import type { Diagnostic } from '../core/diagnostic.ts';
import { quote } from './finding.ts';
import { SourceText } from './source-text.ts';

/** A thousand versions take half of this; whatever it holds, the parser is done with it within a second. */
export const LARGEST_PLAN_BYTES = 256 * 1024;

/** What YAML 1.2 (section 5.1) calls printable; a lone CR is a line break to YAML readers of old and to few editors. */
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]|\r(?!\n)/g;

/** So many of them are told; a binary file has thousands. */
const MOST_TOLD = 5;

/** The text of a plan file, without its byte order mark, or why it is none. */
export function decodePlan(
  bytes: Buffer,
  file: string,
  cwd: string,
): { source: SourceText; diagnostics: Diagnostic[] } {
  const body = bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? bytes.subarray(3) : bytes;
  const source = new SourceText(file, cwd, body.toString('utf8'));
  if (!isUtf8(body)) return { source, diagnostics: [notUtf8(body, source)] };
  const diagnostics = [...source.text.matchAll(UNPRINTABLE)]
    .slice(0, MOST_TOLD)
    .map(({ 0: character, index }): Diagnostic => ({
      code: 'plan-encoding',
      severity: 'error',
      message:
        character === '\r'
          ? 'a carriage return without a line feed'
          : `the control character ${quote(character)} ` +
            `(U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')})`,
      hint: 'Remove it, or write it as an escape in double quotes.',
      where: source.locate([index, index + 1]),
    }));
  return { source, diagnostics };
}

function notUtf8(bytes: Buffer, source: SourceText): Diagnostic {
  const isUtf16 = bytes[0] === 0xff || bytes[0] === 0xfe;
  let start = 0;
  // A line ends at a byte that is part of no other character.
  for (;;) {
    const end = bytes.indexOf(0x0a, start);
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  const offset = bytes.toString('utf8', 0, start).length;
  const bad = Math.max(offset, source.text.indexOf('\ufffd', offset));
  return {
    code: 'plan-encoding',
    severity: 'error',
    message: isUtf16 ? 'the file is UTF-16' : 'the file is not UTF-8',
    hint: 'Save it as UTF-8.',
    where: source.locate([bad, bad + 1]),
  };
}
