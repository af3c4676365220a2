/** What a group of devices runs, in the words of the registry. Pure. */
import type { DeviceGroup } from './devices/tally.ts';
import type { Registry, Target, TargetFormat } from './registry.ts';

/** What is known of a group's software; every field may be unknown. */
export interface Running {
  /** The hardware that the group may be: one, or several when the fleet does not say. */
  hardwareIds: string[];
  version?: string;
  /** OSTree commit; of a SWUpdate version, undefined. */
  commit?: string;
  /** The Target that it runs, when the registry still has it. */
  target?: Target;
}

/** The registry, indexed for the questions below. */
export class TargetIndex {
  readonly #byName = new Map<string, Target>();
  readonly #byVersion = new Map<string, Target[]>();
  readonly #byHash = new Map<string, Target>();

  constructor(readonly targets: readonly Target[]) {
    for (const target of targets) {
      this.#byName.set(target.name, target);
      if (!this.#byHash.has(target.sha256)) this.#byHash.set(target.sha256, target);
      const same = this.#byVersion.get(target.version);
      if (same === undefined) this.#byVersion.set(target.version, [target]);
      else same.push(target);
    }
  }

  named(name: string): Target | undefined {
    return this.#byName.get(name);
  }

  ofHash(sha256: string): Target | undefined {
    return this.#byHash.get(sha256);
  }

  ofVersion(version: string): readonly Target[] {
    return this.#byVersion.get(version) ?? [];
  }
}

/** The Targets of one delivery system: what one question is about. */
export const targetsOf = (registry: Registry, format: TargetFormat): Target[] =>
  registry.targets.filter((target) => target.format === format);

/**
 * What a group runs. The commit that its devices report counts before the one
 * that their Target names: it is what is really on the disk.
 */
export function runningOf(group: DeviceGroup, index: TargetIndex): Running {
  const target = targetOf(group, index);
  const commit = group.commit ?? target?.commit;
  // The name of a Target that the registry has, but with another commit, says nothing of this one.
  const isMisnamed = group.targetName !== undefined && index.named(group.targetName) !== undefined;
  const version = target?.version ?? group.version ?? (isMisnamed ? undefined : versionInName(group.targetName, index));
  return {
    hardwareIds: hardwareOf(group, target, index, version),
    ...(version === undefined ? {} : { version }),
    ...(commit === undefined ? {} : { commit }),
    ...(target === undefined ? {} : { target }),
  };
}

function targetOf(group: DeviceGroup, index: TargetIndex): Target | undefined {
  const named = group.targetName === undefined ? undefined : index.named(group.targetName);
  // After a rollback a device may still name the Target that it could not boot.
  if (
    group.commit !== undefined &&
    named?.sha256 !== group.commit &&
    (named === undefined || named.commit !== undefined)
  )
    return index.ofHash(group.commit);
  if (group.targetName !== undefined) return named;
  if (group.version !== undefined) {
    const fitting = index
      .ofVersion(group.version)
      .filter((one) => group.hardwareId === undefined || one.hardwareIds.includes(group.hardwareId));
    return fitting.length === 1 ? fitting[0] : undefined;
  }
  return undefined;
}

/**
 * The version of an orphan, from the name of its Target: `raspberrypi4-64-lmp-3` is 3 when the registry has a
 * `raspberrypi4-64-lmp`.
 */
function versionInName(name: string | undefined, index: TargetIndex): string | undefined {
  const family = familyOf(name, index);
  return family === undefined || name === undefined ? undefined : name.slice(family.length + 1);
}

function familyOf(name: string | undefined, index: TargetIndex): string | undefined {
  if (name === undefined) return undefined;
  return index.targets
    .map((one) => one.custom.name)
    .find(
      (family): family is string =>
        typeof family === 'string' &&
        family !== '' &&
        name.startsWith(`${family}-`) &&
        /^\d/.test(name.slice(family.length + 1)),
    );
}

function hardwareOf(
  group: DeviceGroup,
  target: Target | undefined,
  index: TargetIndex,
  version: string | undefined,
): string[] {
  if (group.hardwareId !== undefined) return [group.hardwareId];
  if (target !== undefined) return target.hardwareIds;
  const family = familyOf(group.targetName, index);
  const relatives =
    family !== undefined
      ? index.targets.filter((one) => one.custom.name === family)
      : group.commit !== undefined && index.ofHash(group.commit) !== undefined
        ? [index.ofHash(group.commit) as Target]
        : version === undefined
          ? []
          : index.ofVersion(version);
  return distinct((relatives.length > 0 ? relatives : index.targets).flatMap((one) => one.hardwareIds));
}

/** The values, each once, in the order of their first appearance. */
export const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];
