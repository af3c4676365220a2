/** The devices of a rollout in hawkBit's query language. Pure. */
import { ReleasePlanError } from '../../core/errors.ts';
import { attributeIs, quoted } from '../../fleet/servers/hawkbit-api.ts';
import type { FleetAttributes } from '../../core/plan.ts';
import type { RolloutPart, RolloutPlan } from './plan.ts';

/** Longest filter that hawkBit keeps. */
export const MAX_FILTER = 1024;

/** Rollouts of one part, beyond which devices had better say their version. */
const MAX_FILTERS = 40;

/**
 * One filter, or several where one would be longer than hawkBit takes. Together they match the part's devices and no
 * other, each device once.
 *
 * hawkBit's `!=` finds only devices that have the attribute, so those without a version are named one by one.
 *
 * @param names of the part's devices that say no version
 * @throws ReleasePlanError `rollout-unnamed` when there are too many of them
 */
export function hawkbitFilters(
  part: Pick<RolloutPart, 'versions' | 'refused' | 'except'>,
  plan: Pick<RolloutPlan, 'tag' | 'hardware'>,
  attributes: FleetAttributes,
  names: readonly string[],
): string[] {
  const common = commonOf(plan, attributes);
  const except = part.except.length === 0 ? [] : [`controllerId=out=(${part.except.map(quoted).join(',')})`];
  const filters = [
    ...lists(`attribute.${attributes.version}`, part.versions, [...common, ...except]),
    // Named outright they need no other condition, and may lack the attribute that would be asked for.
    ...lists('controllerId', [...names, ...part.refused], []),
  ];
  if (filters.length <= MAX_FILTERS && filters.every((one) => one.length <= MAX_FILTER)) return filters;
  throw new ReleasePlanError(
    'rollout-unnamed',
    `${names.length + part.refused.length + part.except.length} devices have to be named one by one, which takes ` +
      `${filters.length} rollouts or a filter that is too long`,
  );
}

/** Filters that find those of some devices that run a version. */
export const stillOnFilters = (
  version: string,
  plan: Pick<RolloutPlan, 'tag' | 'hardware'>,
  attributes: FleetAttributes,
  names: readonly string[],
): string[] => lists('controllerId', names, [attributeIs(attributes.version, version), ...commonOf(plan, attributes)]);

const commonOf = ({ tag, hardware }: Pick<RolloutPlan, 'tag' | 'hardware'>, attributes: FleetAttributes): string[] => [
  ...(attributes.tag === undefined ? [] : [attributeIs(attributes.tag, tag)]),
  ...(attributes.hardware === undefined ? [] : [attributeIs(attributes.hardware, hardware)]),
];

/** `key=in=(...)` with the conditions that all share, split where it becomes too long. */
function lists(key: string, values: readonly string[], common: readonly string[]): string[] {
  const filters: string[] = [];
  let some: string[] = [];
  const filterOf = (list: readonly string[]): string =>
    [list.length === 1 ? `${key}==${list[0]}` : `${key}=in=(${list.join(',')})`, ...common].join(';');
  for (const value of values.map(quoted)) {
    if (some.length > 0 && filterOf([...some, value]).length > MAX_FILTER) {
      filters.push(filterOf(some));
      some = [];
    }
    some.push(value);
  }
  return some.length === 0 ? filters : [...filters, filterOf(some)];
}
