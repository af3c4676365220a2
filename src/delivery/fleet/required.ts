/**
 * Which deltas the fleet requires to reach a version: one for each distinct
 * pair of software that some device needs, and for every device the way that
 * it takes. Pure: registry, fleet and what is known of the bases in, answer out.
 */
import { closest, distance } from 'fastest-levenshtein';
import { ReleasePlanError } from '../../core/errors.ts';
import type { DeviceGroup, Fleet } from '../../fleet/devices/tally.ts';
import type { Registry, Target, TargetFormat } from '../../fleet/registry.ts';
import { TargetIndex, distinct, runningOf, targetsOf, type Running } from '../../fleet/running.ts';

/** What an operator asks. */
export interface DeltaQuestion {
  format: TargetFormat;
  to: string;
  /** Versions named outright; pairs from these are required whoever runs them. */
  from: readonly string[];
  /** Take the sources from what the devices on this tag run; without it, `from` alone counts. */
  tag?: string;
  /** Take the sources from what all devices run; without a tag. */
  isOfEveryone?: true;
  /** Only this kind of hardware. */
  hardwareId?: string;
  /** Only Targets of this name (`custom.name`), where they have one: a registry may be of several products. */
  family?: string;
  /** Also from newer to older. */
  allowDowngrade: boolean;
}

/** One side of a pair. */
export interface DeltaEnd {
  /** Every version that is this software; none for an orphan that only its commit tells. */
  versions: string[];
  /** OSTree commit; undefined for SWUpdate. */
  commit?: string;
}

/** One side of a pair for people: its newest version, or the start of its commit. */
export const endInWords = ({ versions, commit }: DeltaEnd): string => versions[0] ?? commit?.slice(0, 10) ?? 'unknown';

/** What the answer depends on beside registry and fleet. */
export interface BasisFacts {
  /** Order of versions: negative when a is older. */
  compareVersions(a: string, b: string): number;
  /**
   * Why no delta can start from this software and reach that one (not archived, other layout), or undefined when one
   * can.
   */
  obstacle(from: DeltaEnd, to: DeltaEnd): { reason: 'base-missing' | 'layout' | 'share'; detail: string } | undefined;
  /** When a commit was made, in seconds since 1970: the order of software whose version nobody knows. */
  commitTime?(commit: string): number | undefined;
}

/** A delta that is to exist. */
export interface RequiredPair {
  from: DeltaEnd;
  to: DeltaEnd;
  hardwareIds: string[];
  /** Devices that it serves. */
  devices: number;
  /** Some of their names. */
  examples: string[];
}

/** How a group of devices reaches the version. */
export type Way =
  | { kind: 'there' }
  | { kind: 'newer' }
  | { kind: 'delta'; pair: RequiredPair }
  /** No delta can be made: the whole image, or object by object. */
  | { kind: 'full-image'; reason: 'orphan' | 'base-missing' | 'layout' | 'share' | 'cover' | 'unknown'; detail: string }
  /** There is no Target of this version for the hardware. */
  | { kind: 'none'; detail: string };

export interface DeviceWay {
  group: DeviceGroup;
  way: Way;
}

export interface RequiredDeltas {
  to: string;
  /** Those named first, in their order, then by devices served. */
  pairs: RequiredPair[];
  /** Every device that the question is about, by group. */
  ways: DeviceWay[];
  /** Pairs that were named and cannot be made. */
  impossible: Array<{ from: DeltaEnd; to: DeltaEnd; detail: string }>;
}

/**
 * Decides which deltas are required.
 *
 * @throws ReleasePlanError `target-unknown`, `from-newer`, `tag-unknown`
 */
export function requiredDeltas(
  registry: Registry,
  fleet: Fleet | undefined,
  question: DeltaQuestion,
  facts: BasisFacts,
): RequiredDeltas {
  const index = new TargetIndex(targetsOf(registry, question.format));
  const destinations = index
    .ofVersion(question.to)
    .filter((target) => question.hardwareId === undefined || target.hardwareIds.includes(question.hardwareId))
    .filter((target) => isOfFamily(target, question.family));
  if (destinations.length === 0) throw unknownVersion(question.to, index, registry.file, question.hardwareId);
  const answer = new Answer(question, index, destinations, facts);
  for (const version of question.from) answer.addNamed(version, registry.file);
  for (const group of groupsOf(fleet, question)) answer.addGroup(group);
  return answer.finish();
}

/** Whether a Target is of a family; one without a name may be of any. */
const isOfFamily = ({ custom }: Target, family: string | undefined): boolean =>
  family === undefined || custom.name === undefined || custom.name === family;

function groupsOf(fleet: Fleet | undefined, question: DeltaQuestion): readonly DeviceGroup[] {
  if (fleet === undefined) return [];
  const { tag } = question;
  if (tag === undefined) return fleet.groups;
  if (!fleet.tags.includes(tag)) {
    throw new ReleasePlanError('tag-unknown', `No tags named '${tag}' found`, {
      hint:
        fleet.tags.length === 0
          ? 'No device in the fleet follows a tag.'
          : `Tags in the fleet: ${fleet.tags.join(', ')}.`,
    });
  }
  return fleet.groups.filter((group) => group.tag === tag);
}

function unknownVersion(version: string, index: TargetIndex, file: string, hardwareId?: string): ReleasePlanError {
  const known = distinct(index.targets.map((target) => target.version));
  const near = known.length === 0 ? '' : closest(version, known);
  const guess = near !== '' && distance(near, version) <= 2 ? `Did you mean ${near}? ` : '';
  return new ReleasePlanError(
    'target-unknown',
    `${file} has no Target of version ${version}${hardwareId === undefined ? '' : ` for hardware ${hardwareId}`}`,
    { hint: `${guess}\`release-plan targets list\` lists all versions.` },
  );
}

class Answer {
  readonly #pairs = new Map<string, RequiredPair>();
  readonly #named = new Set<RequiredPair>();
  readonly #ways: DeviceWay[] = [];
  readonly #impossible: RequiredDeltas['impossible'] = [];

  constructor(
    private readonly question: DeltaQuestion,
    private readonly index: TargetIndex,
    private readonly destinations: readonly Target[],
    private readonly facts: BasisFacts,
  ) {}

  /** A version that the operator named: for each hardware that has it. */
  addNamed(version: string, file: string): void {
    if (!this.question.allowDowngrade && this.facts.compareVersions(version, this.question.to) >= 0) {
      throw new ReleasePlanError('from-newer', `from-version ${version} is newer than to-version ${this.question.to}`);
    }
    const sources = this.index
      .ofVersion(version)
      .filter((one) => this.question.hardwareId === undefined || one.hardwareIds.includes(this.question.hardwareId));
    if (sources.length === 0) throw unknownVersion(version, this.index, file, this.question.hardwareId);
    for (const source of sources) {
      for (const destination of this.destinations.filter((one) =>
        one.hardwareIds.some((id) => source.hardwareIds.includes(id)),
      )) {
        const ends = this.#ends(
          {
            hardwareIds: source.hardwareIds,
            version,
            target: source,
            ...commitOf(source),
          },
          destination,
        );
        if (sameSoftware(ends)) continue;
        const obstacle = this.facts.obstacle(ends.from, ends.to);
        if (obstacle === undefined) this.#named.add(this.#pair(ends, sharedHardware(source.hardwareIds, destination)));
        else this.#impossible.push({ ...ends, detail: obstacle.detail });
      }
    }
  }

  addGroup(group: DeviceGroup): void {
    const running = runningOf(group, this.index);
    const { hardwareId, family } = this.question;
    if (running.target !== undefined && !isOfFamily(running.target, family)) return;
    // A status does not tell its hardware; the question then asks only about the kind that it filters for.
    const possible =
      hardwareId === undefined ? running.hardwareIds : running.hardwareIds.filter((id) => id === hardwareId);
    if (possible.length === 0 && hardwareId !== undefined && running.hardwareIds.length > 0) return;
    const goals = this.destinations.filter((one) => one.hardwareIds.some((id) => possible.includes(id)));
    if (goals.length === 0) {
      // Without a tag the question is about every device, also of other products: those are not stranded.
      if (this.question.tag !== undefined)
        this.#ways.push({
          group,
          way: {
            kind: 'none',
            detail: `no Target of version ${this.question.to} for ${possible.join(', ') || 'unknown hardware'}`,
          },
        });
      return;
    }
    const ways = goals.map((goal) => this.#wayTo(goal, group, running));
    for (const way of ways) {
      if (way.kind !== 'delta') continue;
      way.pair.devices += group.devices;
      way.pair.examples.push(...group.examples.slice(0, Math.max(0, 3 - way.pair.examples.length)));
    }
    // Of hardware that the fleet does not tell apart, the dearest way counts.
    this.#ways.push({ group, way: ways.reduce((a, b) => (costOf(b) > costOf(a) ? b : a)) });
  }

  finish(): RequiredDeltas {
    const byDevices = [...this.#pairs.values()]
      .filter((pair) => !this.#named.has(pair))
      .sort((a, b) => b.devices - a.devices || this.#compareEnds(b.from, a.from));
    if (this.question.tag !== undefined || this.question.isOfEveryone === true)
      return {
        to: this.question.to,
        pairs: [...this.#named, ...byDevices],
        ways: this.#ways,
        impossible: this.#impossible,
      };
    // Named pairs alone: the fleet only says how many devices each serves.
    const ways = this.#ways.filter(({ way }) => way.kind === 'delta' && this.#named.has(way.pair));
    return { to: this.question.to, pairs: [...this.#named], ways, impossible: this.#impossible };
  }

  #wayTo(goal: Target, group: DeviceGroup, running: Running): Way {
    const source = this.#sourceFor(goal, running);
    const ends = this.#ends(source, goal);
    if (isThere(source, goal, ends)) return { kind: 'there' };
    if (!this.question.allowDowngrade && this.#isNewer(source, goal)) return { kind: 'newer' };
    // What the server calls an orphan and does not tell by commit may be no version at all, as in fioctl.
    if (group.isOrphan && group.commit === undefined)
      return withoutBase(group, {
        hardwareIds: [],
        ...(source.version === undefined ? {} : { version: source.version }),
      });
    if (goal.commit === undefined ? source.target === undefined : source.commit === undefined)
      return withoutBase(group, source);
    const obstacle = this.facts.obstacle(ends.from, ends.to);
    if (obstacle !== undefined) {
      const reason = source.target === undefined || group.isOrphan ? 'orphan' : obstacle.reason;
      return { kind: 'full-image', reason, detail: obstacle.detail };
    }
    return { kind: 'delta', pair: this.#pair(ends, sharedHardware(running.hardwareIds, goal)) };
  }

  /** A version that several kinds of hardware have is another Target for each of them. */
  #sourceFor(goal: Target, running: Running): Running {
    if (running.target !== undefined || running.version === undefined) return running;
    const target = this.index
      .ofVersion(running.version)
      .find((one) => one.hardwareIds.some((id) => goal.hardwareIds.includes(id)));
    if (target === undefined || running.commit !== undefined) return running;
    return { ...running, target, ...commitOf(target) };
  }

  #isNewer(source: Running, goal: Target): boolean {
    if (source.version !== undefined) return this.facts.compareVersions(source.version, goal.version) >= 0;
    if (source.commit === undefined || this.facts.commitTime === undefined) return false;
    const [from, to] = [this.facts.commitTime(source.commit), this.facts.commitTime(goal.sha256)];
    return from !== undefined && to !== undefined && from > to;
  }

  #ends(source: Running, goal: Target): { from: DeltaEnd; to: DeltaEnd } {
    if (goal.commit === undefined)
      return {
        from: { versions: source.version === undefined ? [] : [source.version] },
        to: { versions: [goal.version] },
      };
    return {
      from: {
        versions: source.version === undefined ? [] : [source.version],
        ...(source.commit === undefined ? {} : { commit: source.commit }),
      },
      to: { versions: [goal.version], commit: goal.commit },
    };
  }

  #pair({ from, to }: { from: DeltaEnd; to: DeltaEnd }, hardwareIds: readonly string[]): RequiredPair {
    // A commit is the same whoever runs it; a SWUpdate version is another image on other hardware.
    const key =
      from.commit === undefined
        ? [...hardwareIds, from.versions[0], to.versions[0]].join('\0')
        : `${from.commit}\0${to.commit}`;
    const known = this.#pairs.get(key);
    if (known === undefined) {
      const pair: RequiredPair = {
        from: { ...from, versions: [...from.versions] },
        to: { ...to, versions: [...to.versions] },
        hardwareIds: [...hardwareIds],
        devices: 0,
        examples: [],
      };
      this.#pairs.set(key, pair);
      return pair;
    }
    known.from.versions = distinct([...known.from.versions, ...from.versions]).sort((a, b) =>
      this.facts.compareVersions(b, a),
    );
    known.hardwareIds = distinct([...known.hardwareIds, ...hardwareIds]);
    return known;
  }

  #compareEnds(a: DeltaEnd, b: DeltaEnd): number {
    const [left, right] = [a.versions[0], b.versions[0]];
    if (left === undefined || right === undefined) return Number(right === undefined) - Number(left === undefined);
    return this.facts.compareVersions(left, right);
  }
}

const commitOf = ({ commit }: Target): { commit?: string } => (commit === undefined ? {} : { commit });

const sharedHardware = (ids: readonly string[], target: Target): string[] =>
  target.hardwareIds.filter((id) => ids.includes(id));

const sameSoftware = ({ from, to }: { from: DeltaEnd; to: DeltaEnd }): boolean =>
  from.commit !== undefined && from.commit === to.commit;

/** A container-only build has the same commit under a new version: such a device has nothing to fetch by delta. */
const isThere = (source: Running, goal: Target, ends: { from: DeltaEnd; to: DeltaEnd }): boolean =>
  sameSoftware(ends) ||
  (source.version === goal.version && (source.commit === undefined || source.target?.name === goal.name));

function withoutBase(group: DeviceGroup, source: Running): Way {
  if (source.version === undefined && group.targetName === undefined)
    return { kind: 'full-image', reason: 'unknown', detail: 'does not report what it runs' };
  return {
    kind: 'full-image',
    reason: 'orphan',
    detail: `runs ${group.targetName ?? source.version ?? ''}, which is not in the registry`,
  };
}

const COSTS: Record<Way['kind'], number> = { 'there': 0, 'newer': 1, 'delta': 2, 'full-image': 3, 'none': 4 };
const costOf = (way: Way): number => COSTS[way.kind];
