/** The rollouts of a plan and how they are called, so that each is found again. Pure. */
import { ReleasePlanError } from '../../core/errors.ts';
import type { FleetAttributes } from '../../core/plan.ts';
import { seriesOf } from '../package.ts';
import { hawkbitFilters } from './filter.ts';
import type { RolloutPart, RolloutPlan } from './plan.ts';

/** One rollout as the server has it, or is to have it. */
export interface ServerRollout {
  name: string;
  part: RolloutPart;
  filter: string;
  /** Devices that the plan expects. */
  devices: number;
}

/** Marks the rollout, among those of a full package, of devices that refused their delta. */
const REFUSED = ' refused';

/** What the name of a rollout says behind its series. */
export interface RolloutName {
  /** As {@link seriesOf} has it. */
  series: string;
  version: string;
  tag: string;
  isOfRefused: boolean;
}

/** Takes a name apart that {@link rolloutsOf} has given, or {@link HawkbitRollouts.start} to a further run. */
export function rolloutName(name: string): RolloutName {
  const bare = name.replace(/( \(\d+ of \d+\))?( #\d+)?$/, '');
  const isOfRefused = bare.endsWith(REFUSED);
  const words = (isOfRefused ? bare.slice(0, -REFUSED.length) : bare).split(' ');
  const [series = '', version = '', ...tag] = words;
  return { series, version, tag: tag.join(' '), isOfRefused };
}

/** Longest name, with room for the number of a further run. */
const MAX_NAME = 120;

/**
 * The rollouts of a plan, with names that are the same every time.
 *
 * @param versionless names of the devices that say no version, for the part with the full package
 * @throws ReleasePlanError `rollout-unnamed`, `publish-refused` for a name that is too long
 */
export function rolloutsOf(
  plan: RolloutPlan,
  attributes: FleetAttributes,
  versionless: readonly string[],
): Omit<ServerRollout, 'devices'>[] {
  return plan.parts.flatMap((part) => {
    const filters = hawkbitFilters(part, plan, attributes, part.versionless > 0 ? versionless : []);
    return filters.map((filter, index) => {
      const repeat = part.refused.length === 0 ? '' : REFUSED;
      const number = filters.length === 1 ? '' : ` (${index + 1} of ${filters.length})`;
      const name = `${seriesOf(part.package)} ${plan.version} ${plan.tag}${repeat}${number}`;
      if (name.length > MAX_NAME)
        throw new ReleasePlanError(
          'publish-refused',
          `the rollout's name ${name} is longer than ${MAX_NAME} characters`,
        );
      return { name, part, filter };
    });
  });
}
