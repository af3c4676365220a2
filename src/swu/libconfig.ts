/**
 * The libconfig language as far as a sw-description uses it: writing strings
 * and names, and reading a whole file back to see what the device will see.
 *
 * @see https://hyperrealm.github.io/libconfig/libconfig_manual.html#Configuration-Files
 */
import { ReleasePlanError } from '../core/errors.ts';

/** A libconfig value; groups are objects, arrays and lists are arrays. */
export type ConfigValue = string | number | bigint | boolean | ConfigValue[] | { [name: string]: ConfigValue };

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
};
const UNESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' };

/** A string as a libconfig string literal with its quotes: no value can end it early. */
export const quoteString = (text: string): string => `"${text.replaceAll(/[\\"\p{Cc}]/gu, escape)}"`;

function escape(one: string): string {
  const code = one.charCodeAt(0);
  // libconfig writes \xNN as one byte, so a control character above ASCII stays the two bytes of UTF-8 that it is.
  return ESCAPES[one] ?? (code > 0x7f ? one : `\\x${code.toString(16).padStart(2, '0')}`);
}

/** Whether a text can be the name of a libconfig setting. */
export const isSettingName = (text: string): boolean => /^[A-Za-z*][-A-Za-z0-9_*]*$/.test(text);

const TOKEN = new RegExp(
  [
    String.raw`(?<skip>\s+|\#[^\n]*|//[^\n]*|/\*[\s\S]*?\*/)`,
    String.raw`(?<string>"(?:[^"\\]|\\[\s\S])*")`,
    String.raw`(?<number>[-+]?(?:0[xX][0-9a-fA-F]+L{0,2}|(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|` +
      String.raw`\d+[eE][-+]?\d+|\d+L{0,2}))`,
    String.raw`(?<word>[A-Za-z*][-A-Za-z0-9_*]*)`,
    String.raw`(?<mark>[-{}()[\]=:;,])`,
  ].join('|'),
  'y',
);

interface Token {
  kind: 'string' | 'number' | 'word' | 'mark' | 'end';
  text: string;
  line: number;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < source.length;) {
    const start = TOKEN.lastIndex;
    const groups = TOKEN.exec(source)?.groups;
    if (groups === undefined) throw malformed(line, `unexpected ${JSON.stringify(source[start])}`);
    for (const kind of ['string', 'number', 'word', 'mark'] as const) {
      const text = groups[kind];
      if (text !== undefined) tokens.push({ kind, text, line });
    }
    line += source.slice(start, TOKEN.lastIndex).split('\n').length - 1;
  }
  return [...tokens, { kind: 'end', text: 'the end', line }];
}

const malformed = (line: number, what: string): ReleasePlanError =>
  new ReleasePlanError('swu-template', `sw-description is not valid libconfig: line ${line}: ${what}`);

/** Nesting that no description needs, and that would only exhaust the stack. */
const MAX_DEPTH = 64;

/** Recursive descent over the tokens of one file. */
class Reader {
  readonly #tokens: Token[];
  #next = 0;

  constructor(source: string) {
    this.#tokens = tokensOf(source);
  }

  file(): { [name: string]: ConfigValue } {
    const found = this.#settings('end', 0);
    this.#expect('end');
    return found;
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: 'the end', line: 0 };
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  #expect(kind: Token['kind'], ...texts: string[]): Token {
    const token = this.#take();
    if (token.kind !== kind || (texts.length > 0 && !texts.includes(token.text)))
      throw malformed(token.line, `unexpected ${token.text}`);
    return token;
  }

  #skipMark(...texts: string[]): void {
    const { kind, text } = this.#peek();
    if (kind === 'mark' && texts.includes(text)) this.#next += 1;
  }

  #isAt(end: string): boolean {
    const { kind, text } = this.#peek();
    return kind === 'end' || (kind === 'mark' && text === end);
  }

  #settings(end: string, depth: number): { [name: string]: ConfigValue } {
    const found = new Map<string, ConfigValue>();
    while (!this.#isAt(end)) {
      const name = this.#expect('word');
      if (found.has(name.text)) throw malformed(name.line, `${name.text} is set twice`);
      this.#expect('mark', '=', ':');
      found.set(name.text, this.#value(depth + 1));
      this.#skipMark(';', ',');
    }
    return Object.fromEntries(found);
  }

  #value(depth: number): ConfigValue {
    const token = this.#take();
    if (depth > MAX_DEPTH) throw malformed(token.line, 'nested too deeply');
    if (token.kind === 'string') return this.#string(token.text);
    if (token.kind === 'number') return numberOf(token.text);
    if (token.kind === 'word' && /^(?:true|false)$/i.test(token.text)) return token.text.toLowerCase() === 'true';
    if (token.kind === 'mark' && token.text === '{') return this.#closed('}', this.#settings('}', depth));
    if (token.kind === 'mark' && token.text === '(') return this.#closed(')', this.#list(')', depth));
    if (token.kind === 'mark' && token.text === '[') return this.#closed(']', this.#list(']', depth));
    throw malformed(token.line, `unexpected ${token.text}`);
  }

  #closed<T>(end: string, value: T): T {
    this.#expect('mark', end);
    return value;
  }

  #list(end: string, depth: number): ConfigValue[] {
    const found: ConfigValue[] = [];
    while (!this.#isAt(end)) {
      found.push(this.#value(depth + 1));
      this.#skipMark(',');
    }
    return found;
  }

  /** Adjacent literals are one string, as in C. */
  #string(first: string): string {
    let text = unquote(first);
    while (this.#peek().kind === 'string') text += unquote(this.#take().text);
    return text;
  }
}

const unquote = (literal: string): string =>
  literal
    .slice(1, -1)
    .replaceAll(/\\(?:x([0-9a-fA-F]{2})|([\s\S]))/g, (_all, hex: string | undefined, one: string | undefined) =>
      hex === undefined ? (UNESCAPES[one ?? ''] ?? one ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
    );

function numberOf(text: string): number | bigint {
  const whole = /^([-+]?)(0[xX][0-9a-fA-F]+|\d+)L{0,2}$/.exec(text);
  if (whole === null) return Number(text);
  const value = BigInt(whole[2] ?? '0') * (whole[1] === '-' ? -1n : 1n);
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/**
 * Reads a libconfig file.
 *
 * @throws ReleasePlanError `swu-template` with the line where it is malformed
 */
export const parseLibconfig = (source: string): { [name: string]: ConfigValue } => new Reader(source).file();
