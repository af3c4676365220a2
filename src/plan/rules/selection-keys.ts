import { formatPointer, quote, type Finding, type Pointer } from '../finding.ts';
import { numbered, type FromSource, type PlanSource } from '../source.ts';

/** Each selects by itself; a tag also says which devices `cover` is about. */
const SELECTIONS = ['tag', 'previous', 'range', 'cover'] as const;

/** A rule has one selection, and what it is measured by. */
export function selectionsAreOne(plan: PlanSource): Finding[] {
  return numbered(plan.deltas).flatMap(([index, { from }]) =>
    from === undefined || Array.isArray(from) ? [] : selectionIn(from, ['deltas', index, 'from'], plan),
  );
}

function selectionIn(from: Exclude<FromSource, unknown[]>, at: Pointer, plan: PlanSource): Finding[] {
  const isCover = from.cover !== undefined;
  const given = SELECTIONS.filter((key) => from[key] !== undefined && !(key === 'tag' && isCover));
  if (given.length > 1)
    return [
      {
        code: 'value-invalid',
        at,
        message: `${formatPointer(at)} has ${given.map((key) => quote(key)).join(' and ')}; only one is allowed`,
        hint: `Set exactly one of ${SELECTIONS.map(quote).join(', ')}; for more selections, add more rules.`,
      },
    ];
  if (from.max !== undefined && !isCover)
    return [
      {
        code: 'value-invalid',
        at: [...at, 'max'],
        message: `${formatPointer([...at, 'max'])} without "cover" means nothing`,
        hint: 'Set cover: "100%" for as many devices as that many deltas can serve.',
      },
    ];
  if (!isCover || plan.fleet !== undefined) return [];
  return [
    {
      code: 'fleet-missing',
      at: [...at, 'cover'],
      message: `${formatPointer([...at, 'cover'])} is a share of the devices, but the plan has no fleet`,
      hint: 'Set `fleet`, or select versions by `tag`, `previous` or `range`.',
    },
  ];
}
