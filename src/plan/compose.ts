import { isAlias, isMap, isScalar, isSeq, type Alias, type Node, type Pair, type YAMLMap } from 'yaml';
import { CODES } from '../core/codes/index.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { quote } from './finding.ts';
import type { Range, SourceText } from './source-text.ts';
import type { PlanDocument } from './yaml.ts';

/** Deeper than any plan; what a recursive reader can still bear. */
const DEEPEST = 64;
/** Values after aliases are expanded: 1,000 versions have about 10,000. */
const MOST_VALUES = 50_000;
/** So many are told. */
const MOST_DUPLICATES = 20;

/** A reason to stop reading; caught in {@link composeValue}. */
class Stop extends Error {
  readonly code: 'yaml-limit' | 'yaml-alias';
  readonly range: Range;

  constructor(code: Stop['code'], message: string, node: Node) {
    super(message);
    this.code = code;
    this.range = rangeOf(node);
  }
}

/** Offsets of a node's text, without the white space that follows it. */
export function rangeOf(node: Node): Range {
  return node.range ? [node.range[0], node.range[1]] : [0, 0];
}

export interface Composed {
  value: unknown;
  /** What each alias stands for. */
  aliases: ReadonlyMap<Alias, Node>;
  diagnostics: Diagnostic[];
}

/**
 * The document as plain values, aliases and merges expanded.
 *
 * In place of the parser's toJS(), which throws without a position on an
 * unknown alias and expands a bomb first: here depth and number of values are
 * bounded while reading.
 */
export function composeValue(document: PlanDocument, source: SourceText): Composed {
  const open = new Set<Node>();
  // Alias.resolve() searches the document from its start, each time.
  const anchors = new Map<string, Node>();
  const aliases = new Map<Alias, Node>();
  const duplicates: Node[] = [];
  let values = 0;
  let alias: Alias | undefined;

  const compose = (node: Node | null, depth: number): unknown => {
    if (node === null) return null;
    values += 1;
    if (values > MOST_VALUES) throw new Stop('yaml-limit', `more than ${MOST_VALUES} values`, alias ?? node);
    if (depth > DEEPEST) throw new Stop('yaml-limit', `nested more than ${DEEPEST} deep`, node);
    if (isAlias(node)) return composeAlias(node, depth);
    if ('anchor' in node && typeof node.anchor === 'string') anchors.set(node.anchor, node);
    if (isScalar(node)) return node.value;
    open.add(node);
    const value = isSeq<Node>(node)
      ? node.items.map((item) => compose(item, depth + 1))
      : isMap<Node, Node | null>(node)
        ? composeMap(node, depth)
        : null;
    open.delete(node);
    return value;
  };

  const composeAlias = (node: Alias, depth: number): unknown => {
    const target = anchors.get(node.source);
    if (target === undefined)
      throw new Stop('yaml-alias', `no anchor &${node.source.slice(0, 60)} is defined before this alias`, node);
    if (open.has(target))
      throw new Stop('yaml-alias', `*${node.source.slice(0, 60)} refers to a map or list that contains it`, node);
    aliases.set(node, target);
    const outer = alias;
    alias ??= node;
    const value = compose(target, depth + 1);
    alias = outer;
    return value;
  };

  const composeMap = (map: YAMLMap<Node, Node | null>, depth: number): object => {
    const result: Record<string, unknown> = {};
    for (const pair of map.items) {
      if (isMergeKey(pair)) continue;
      const key = keyOf(pair);
      if (Object.hasOwn(result, key)) duplicates.push(pair.key);
      else set(result, key, compose(pair.value, depth + 1));
    }
    for (const pair of map.items.filter(isMergeKey)) {
      const sources = compose(pair.value, depth + 1);
      for (const one of Array.isArray(sources) ? sources : [sources]) {
        if (one === null || typeof one !== 'object' || Array.isArray(one))
          throw new Stop('yaml-alias', '<< expects an alias of a map, or a list of them', pair.key);
        for (const [key, value] of Object.entries(one)) if (!Object.hasOwn(result, key)) set(result, key, value);
      }
    }
    return result;
  };

  try {
    const value = compose(document.contents, 0);
    return {
      value,
      aliases,
      diagnostics: [...new Set(duplicates)].slice(0, MOST_DUPLICATES).map((key) => duplicate(key, source)),
    };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    const { code, message, range } = error;
    return {
      value: undefined,
      aliases,
      diagnostics: [{ code, severity: 'error', message, hint: CODES[code].cure, where: source.locate(range) }],
    };
  }
}

function duplicate(key: Node, source: SourceText): Diagnostic {
  const message = `the key ${quote(isScalar(key) ? key.value : '')} appears twice in this map`;
  return {
    code: 'yaml-duplicate-key',
    severity: 'error',
    message,
    hint: CODES['yaml-duplicate-key'].cure,
    where: source.locate(rangeOf(key)),
  };
}

/** The text of a pair's key; keys are scalars, the parser has seen to it. */
export function keyOf(pair: Pair<Node, Node | null>): string {
  return isScalar(pair.key) ? String(pair.key.value) : '';
}

/** Whether a pair is `<<: ...`, plain: quoted it is an ordinary key. */
export function isMergeKey(pair: Pair<Node, Node | null>): boolean {
  return isScalar(pair.key) && pair.key.type === 'PLAIN' && pair.key.source === '<<';
}

/** Assignment would call the setter of `__proto__`. */
function set(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
