import { isAlias, isCollection, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { Location } from '../core/diagnostic.ts';
import { isMergeKey, keyOf, rangeOf } from './compose.ts';
import type { Pointer } from './finding.ts';
import type { Range, SourceText } from './source-text.ts';
import type { PlanDocument } from './yaml.ts';

interface Place {
  node: Node | null;
  key?: Node;
}

/** Finds the text that a pointer means. */
export class Locator {
  private readonly document: PlanDocument;
  private readonly source: SourceText;
  private readonly aliases: ReadonlyMap<Node, Node>;
  private readonly pairs = new Map<Node, Map<string, Pair<Node, Node | null>>>();

  /** @param aliases what each alias in the document stands for */
  constructor(document: PlanDocument, source: SourceText, aliases: ReadonlyMap<Node, Node>) {
    this.document = document;
    this.aliases = aliases;
    this.source = source;
  }

  /**
   * The place of a value; of its key when the value is a block of several
   * lines, or when asked for. What does not exist is where its parent is.
   */
  locate(pointer: Pointer, on?: 'key'): Location {
    return this.source.locate(this.rangeAt(pointer, on));
  }

  /** A scalar as it was written, before YAML made a number of it. */
  writtenAt(pointer: Pointer): string | undefined {
    const { place, isWhole } = this.find(pointer);
    const node = place.node;
    return isWhole && node !== null && isScalar(node) ? node.source : undefined;
  }

  private rangeAt(pointer: Pointer, on: 'key' | undefined): Range {
    const {
      place: { node, key },
    } = this.find(pointer);
    if (key !== undefined && (on === 'key' || node === null || isBlock(node) || isEmpty(node))) return rangeOf(key);
    if (node === null) return [0, 1];
    return isBlock(node) ? this.firstLineOf(node) : rangeOf(node);
  }

  private find(pointer: Pointer): { place: Place; isWhole: boolean } {
    let place: Place = { node: this.document.contents };
    for (const step of pointer) {
      const next = this.child(place.node, step);
      if (next === undefined) return { place, isWhole: false };
      place = next;
    }
    return { place, isWhole: true };
  }

  private child(node: Node | null, step: string | number): Place | undefined {
    if (node === null) return undefined;
    if (isAlias(node)) return this.child(this.aliases.get(node) ?? null, step);
    if (isSeq<Node>(node)) {
      const item = typeof step === 'number' ? node.items[step] : undefined;
      return item === undefined ? undefined : { node: item };
    }
    if (!isMap<Node, Node | null>(node)) return undefined;
    const own = this.pairsOf(node).get(String(step));
    return own === undefined ? this.merged(node.items, step) : { node: own.value, key: own.key };
  }

  /** A search for each of thousands of findings would be quadratic. */
  private pairsOf(map: YAMLMap<Node, Node | null>): Map<string, Pair<Node, Node | null>> {
    const known = this.pairs.get(map);
    if (known !== undefined) return known;
    // Of keys that stand twice the first one counts, as in compose.ts.
    const pairs = new Map(
      map.items
        .filter((pair) => !isMergeKey(pair))
        .toReversed()
        .map((pair) => [keyOf(pair), pair]),
    );
    this.pairs.set(map, pairs);
    return pairs;
  }

  private merged(pairs: ReadonlyArray<Pair<Node, Node | null>>, step: string | number): Place | undefined {
    for (const { value } of pairs.filter(isMergeKey)) {
      for (const one of isSeq<Node>(value) ? value.items : [value]) {
        const found = this.child(one, step);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  private firstLineOf(node: Node): Range {
    const [start, end] = rangeOf(node);
    const newline = this.source.text.indexOf('\n', start);
    return [start, newline === -1 ? end : Math.min(end, newline)];
  }
}

const isBlock = (node: Node): boolean => isCollection(node) && node.flow !== true;

/** `key:` with nothing behind it: a range of no text. */
const isEmpty = (node: Node): boolean => rangeOf(node)[0] === rangeOf(node)[1];
