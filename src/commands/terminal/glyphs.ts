/** Signs of a terminal: as it can show them. */
export interface Glyphs {
  spinner: readonly string[];
  done: string;
  failed: string;
  skipped: string;
  waiting: string;
  /** Where something was cut off. */
  more: string;
}

const UNICODE: Glyphs = {
  spinner: [...'\u280b\u2819\u2839\u2838\u283c\u2834\u2826\u2827\u2807\u280f'],
  done: '\u2714',
  failed: '\u2716',
  skipped: '\u2193',
  waiting: '\u00b7',
  more: '\u2026',
};

const ASCII: Glyphs = { spinner: [...'-\\|/'], done: '+', failed: 'x', skipped: '-', waiting: '.', more: '>' };

/** @see locale(7) for which variable counts; the console of Linux has few signs in its font */
export function glyphsFor(env: Readonly<Record<string, string | undefined>>): Glyphs {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((one) => one !== undefined && one !== '') ?? '';
  return /utf-?8/i.test(locale) && env.TERM !== 'linux' ? UNICODE : ASCII;
}
