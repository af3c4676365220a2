/** Types of GVariant, taken apart: how their values are laid out. */
import { ReleasePlanError } from '../core/errors.ts';

/** A type, taken apart once. Sizes in bytes; `fixedBytes` is undefined where values differ in size. */
export interface TypeLayout {
  text: string;
  alignment: number;
  fixedBytes: number | undefined;
  shape: 'integer' | 'string' | 'variant' | 'array' | 'tuple';
  /** Of an array its element alone; of a tuple or a dictionary entry its members. */
  members: readonly TypeLayout[];
}

const INTEGER_BYTES: Readonly<Record<string, number>> = { y: 1, b: 1, n: 2, q: 2, u: 4, i: 4, x: 8, t: 8, d: 8, h: 4 };

const layouts = new Map<string, TypeLayout>();

/** The layout of a type such as `a(say)`. */
export function layoutOf(type: string): TypeLayout {
  let layout = layouts.get(type);
  if (layout === undefined) {
    const parsed = parseType(type, 0);
    if (parsed.end !== type.length) throw malformed(`${JSON.stringify(type)} is not one GVariant type`);
    layout = parsed.layout;
    // Types come from files too (in variants); they must not fill the memory of a long run.
    if (layouts.size < 1000) layouts.set(type, layout);
  }
  return layout;
}

interface Parsed {
  layout: TypeLayout;
  end: number;
}

const MAX_TYPE_DEPTH = 64;

function parseType(text: string, at: number, depth = 0): Parsed {
  if (depth > MAX_TYPE_DEPTH) throw malformed('a GVariant type is nested too deeply');
  const letter = text[at] ?? '';
  const integerBytes = INTEGER_BYTES[letter];
  const simple = (shape: TypeLayout['shape'], alignment: number, fixedBytes?: number): Parsed => ({
    layout: { text: letter, alignment, fixedBytes, shape, members: [] },
    end: at + 1,
  });
  if (integerBytes !== undefined) return simple('integer', integerBytes, integerBytes);
  if (letter === 's' || letter === 'o' || letter === 'g') return simple('string', 1);
  if (letter === 'v') return simple('variant', 8);
  if (letter === 'a') {
    const { layout: element, end } = parseType(text, at + 1, depth + 1);
    const { alignment } = element;
    return {
      layout: { text: text.slice(at, end), alignment, fixedBytes: undefined, shape: 'array', members: [element] },
      end,
    };
  }
  if (letter === '(' || letter === '{') return parseTuple(text, at, depth);
  throw malformed(`${JSON.stringify(text)} is not a GVariant type that OSTree uses`);
}

function parseTuple(text: string, at: number, depth: number): Parsed {
  const close = text[at] === '(' ? ')' : '}';
  const members: TypeLayout[] = [];
  let end = at + 1;
  while (text[end] !== close) {
    const member = parseType(text, end, depth + 1);
    members.push(member.layout);
    end = member.end;
  }
  const alignment = Math.max(1, ...members.map((member) => member.alignment));
  let size: number | undefined = 0;
  for (const { alignment: own, fixedBytes } of members) {
    size = size === undefined || fixedBytes === undefined ? undefined : aligned(size, own) + fixedBytes;
  }
  const fixedBytes = size === undefined ? undefined : Math.max(1, aligned(size, alignment));
  return { layout: { text: text.slice(at, end + 1), alignment, fixedBytes, shape: 'tuple', members }, end: end + 1 };
}

/** The next multiple of an alignment. */
export const aligned = (offset: number, alignment: number): number => Math.ceil(offset / alignment) * alignment;

/** The error for bytes that are not what they should be. */
export const malformed = (message: string): ReleasePlanError => new ReleasePlanError('static-delta-corrupt', message);

/** Whether a failure says that bytes are not what they should be. */
export const isCorrupt = (error: unknown): error is ReleasePlanError =>
  error instanceof ReleasePlanError && error.code === 'static-delta-corrupt';
