import { formatPointer, quote, type Finding, type Pointer } from '../finding.ts';
import { numbered, type FilesSource, type PlanSource } from '../source.ts';

type Texts = ReadonlyArray<string | undefined>;

/** Lists of names, patterns and files name each once. (The schema says it to editors.) */
export function listsWithoutRepeats(plan: PlanSource): Finding[] {
  const lists: Array<[Pointer, Texts | undefined]> = [
    [['collect'], plan.collect],
    [['kas', 'config'], listOf(plan.kas?.config)],
    [['kas', 'delta_config'], listOf(plan.kas?.delta_config)],
    [['swu', 'hardware'], plan.swu?.hardware],
    [['swu', 'boards'], plan.swu?.boards],
    [['swu', 'selections', 'modes'], plan.swu?.selections?.modes],
  ];
  for (const [index, one] of numbered(plan.versions)) {
    lists.push([['versions', index, 'tags'], one.tags], [['versions', index, 'kas'], listOf(one.kas)]);
  }
  for (const [index, one] of numbered(plan.deltas))
    if (Array.isArray(one.from)) lists.push([['deltas', index, 'from'], one.from]);
  return lists.flatMap(([at, list]) => repeats(at, list));
}

const listOf = (files: FilesSource | undefined): Texts | undefined => (Array.isArray(files) ? files : undefined);

function repeats(at: Pointer, list: Texts | undefined): Finding[] {
  if (list === undefined || list.length < 2) return [];
  const seen = new Set<string>();
  return numbered(list).flatMap(([index, text]): Finding[] => {
    if (!seen.has(text)) {
      seen.add(text);
      return [];
    }
    return [
      {
        code: 'value-duplicate',
        at: [...at, index],
        message: `${formatPointer(at)} lists ${quote(text)} twice`,
        hint: 'Remove one of them.',
      },
    ];
  });
}
