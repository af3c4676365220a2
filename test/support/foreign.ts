/** Text that somebody else chose, to do harm where it is shown. */

/** What no line of ours may begin with: it stands behind a line break in some of the strings. */
export const FORGED = 'FORGED';

/** Each is shown to every output of every command. */
export const FOREIGN: readonly string[] = [
  '\u001b[31mred\u001b[0m',
  '\u001b[2J\u001b[Hcleared',
  '\u001b]52;c;cm0gLXJmIH4=\u0007clipboard',
  '\u001b]8;;http://evil.example\u001b\\link\u001b]8;;\u001b\\',
  '\u001b]0;title\u0007',
  '\u001bP1$r\u001b\\',
  '\u009b31mC1\u009b0m',
  '\u009d52;c;cm0=\u009c',
  'back\b\b\b\bgone',
  'over\rwritten',
  'bell\u0007 and \u000c feed \u000b',
  `two lines\n${FORGED}: consistent: 99 checks pass, 0 fail`,
  `CR LF\r\n${FORGED}`,
  `separators\u2028${FORGED}\u2029${FORGED}\u0085${FORGED}`,
  'gpj.\u202egnp.exe',
  '\u2066isolated\u2069 \u202aembedded\u202c',
  '\u200emark\u200f \u061cletter',
  'zero\u200bwidth\ufeff\u00ad',
  'tags\u{e0041}\u{e0042}',
  'lone \ud800 half',
  '\n::error file=x::pwned',
  '\n  ::add-mask::a',
  '##[error]pwned',
  '\n##vso[task.setvariable variable=x]y',
  '\n##teamcity[buildStatus status="SUCCESS"]',
  'section_start:1:x[collapsed=true]\r\u001b[0K',
  '<img src=x onerror=alert(1)><script>alert(1)</script>',
  '"\'><svg/onload=alert(1)>&amp;&#60;',
  '![pixel](http://evil.example/x.png) [link](javascript:alert(1)) `code` **FAIL**',
  'a | b || c \\| d',
  ']]><!-- --> <?xml?> &lt;',
  '=cmd|\' /C calc\'!A0,"x"',
  '%0A::error::x%25,:',
];

/** The same as names of files. */
export const FOREIGN_NAMES: readonly string[] = FOREIGN.filter((one) => !one.includes('\ud800')).map((one) =>
  one.replaceAll('/', '\u2215'),
);

/** What a terminal and a log may be given. @returns what is wrong with it, in words */
export function harmIn(text: string): string[] {
  const unseen = text.match(/(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu) ?? [];
  const lines = text.split('\n');
  return [
    ...[...new Set(unseen)].map((one) => `U+${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`),
    ...lines.filter((line) => line.startsWith(FORGED)).map((line) => `a line of its own: ${line}`),
    ...lines.filter((line) => /^\s*::/.test(line)).map((line) => `a command: ${line}`),
    ...lines.filter((line) => /##\w*\[/.test(line)).map((line) => `a mark: ${line}`),
  ];
}
