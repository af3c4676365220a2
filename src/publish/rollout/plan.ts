/**
 * Who gets which package: one part for each base version, one with the full package for those that refused their
 * delta, and one with it for the rest. Pure.
 */
import type { DeviceGroup } from '../../fleet/devices/tally.ts';
import { compareVersions, isVersion } from '../../plan/version.ts';
import type { ReleasePackage } from '../package.ts';

export interface RolloutQuestion {
  version: string;
  tag: string;
  /** The hardware that the packages are for, as devices name it. */
  hardware: string;
  /** Whether devices say which hardware they are; if not, all count as this one. */
  saysHardware: boolean;
  /** The fleet; groups on other tags do not count. */
  groups: readonly DeviceGroup[];
  /** Names of devices that refused the delta from a version, which they still run: their base is not that version's. */
  refused?: ReadonlyMap<string, readonly string[]>;
  /** Proven packages of the version for this hardware. */
  packages: readonly ReleasePackage[];
}

/** Devices that get the same package. */
export interface RolloutPart {
  /** The version that they run; undefined for the part with the full package. */
  base?: string;
  package: ReleasePackage;
  /** Versions that these devices run, as they say it. */
  versions: string[];
  /** Devices of the part that say no version. */
  versionless: number;
  /** Names of the part's devices, all of which refused a delta; empty for other parts. */
  refused: string[];
  /** Names of devices that run the base and are in another part, since they refused the delta. */
  except: string[];
  devices: number;
  /** Over the wire, when each device takes it once. */
  wireBytes: number;
}

export interface RolloutPlan {
  version: string;
  tag: string;
  hardware: string;
  /** In the order in which they are to be started: deltas from the newest base on, then the full packages. */
  parts: RolloutPart[];
  /** They run the version already. */
  there: number;
  /** They run a newer one, and stay. */
  newer: number;
  /** They are other hardware, or do not say which. */
  otherHardware: number;
  /** No package fits them. */
  stranded: number;
  wireBytes: number;
  /** What it would be if every device took the full package; undefined when there is none. */
  fullWireBytes: number | undefined;
}

/** Decides who gets which package. A delta that is not smaller than the full package is not offered. */
export function planRollout(question: RolloutQuestion): RolloutPlan {
  const { version, tag, hardware, saysHardware } = question;
  const offers = offersOf(question.packages);
  const plan: RolloutPlan = {
    version,
    tag,
    hardware,
    parts: [],
    there: 0,
    newer: 0,
    otherHardware: 0,
    stranded: 0,
    wireBytes: 0,
    fullWireBytes: offers.full === undefined ? undefined : 0,
  };
  const waiting = new Map([...(question.refused ?? [])].map(([base, names]) => [base, [...names]]));
  for (const group of question.groups.filter((one) => one.tag === tag)) {
    const runs = group.version;
    if (saysHardware && group.hardwareId !== hardware) plan.otherHardware += group.devices;
    else if (runs === version) plan.there += group.devices;
    else if (runs !== undefined && isNewer(runs, version)) plan.newer += group.devices;
    else add(plan, offers, group, waiting);
  }
  plan.parts.sort((a, b) => order(a, b));
  return plan;
}

interface Offers {
  full: ReleasePackage | undefined;
  /** By base version. */
  deltas: Map<string, ReleasePackage>;
}

function offersOf(packages: readonly ReleasePackage[]): Offers {
  const full = packages.find(({ base }) => base === undefined);
  const deltas = new Map<string, ReleasePackage>();
  for (const one of packages)
    if (one.base !== undefined && (full === undefined || one.sizeBytes < full.sizeBytes))
      deltas.set(one.base.version, one);
  return { full, deltas };
}

/** @param waiting names of devices that refused the delta from a version, and have no part yet; is emptied */
function add(plan: RolloutPlan, offers: Offers, group: DeviceGroup, waiting: Map<string, string[]>): void {
  const { version, devices } = group;
  const delta = version === undefined ? undefined : offers.deltas.get(version);
  if (version === undefined || delta === undefined) {
    const part = enlist(plan, offers, offers.full, devices);
    if (part === undefined) return;
    if (version === undefined) part.versionless += devices;
    else if (!part.versions.includes(version)) part.versions.push(version);
    return;
  }
  const refused = waiting.get(version)?.splice(0, devices) ?? [];
  if (refused.length > 0) enlist(plan, offers, offers.full, refused.length, refused);
  if (devices === refused.length) return;
  const part = enlist(plan, offers, delta, devices - refused.length);
  if (part?.versions.includes(version) === false) part.versions.push(version);
  part?.except.push(...refused);
}

/**
 * The part with a package, with so many devices more; undefined when there is no package for them.
 *
 * @param refused names of these devices, where they refused a delta: their part is one of its own, since another one
 *   may be under way already
 */
function enlist(
  plan: RolloutPlan,
  { full }: Offers,
  offered: ReleasePackage | undefined,
  devices: number,
  refused: readonly string[] = [],
): RolloutPart | undefined {
  if (offered === undefined) {
    plan.stranded += devices;
    return undefined;
  }
  const isRepeat = refused.length > 0;
  let part = plan.parts.find((one) => one.package === offered && one.refused.length > 0 === isRepeat);
  if (part === undefined) {
    const base = offered.base === undefined ? {} : { base: offered.base.version };
    const none = { versions: [], versionless: 0, refused: [], except: [], devices: 0, wireBytes: 0 };
    part = { ...base, package: offered, ...none };
    plan.parts.push(part);
  }
  part.refused.push(...refused);
  part.devices += devices;
  part.wireBytes += devices * offered.sizeBytes;
  plan.wireBytes += devices * offered.sizeBytes;
  if (full !== undefined) plan.fullWireBytes = (plan.fullWireBytes ?? 0) + devices * full.sizeBytes;
  return part;
}

/** A version that is of no known form is taken for older: its device gets the full package. */
const isNewer = (a: string, b: string): boolean => isVersion(a) && compareVersions(a, b) > 0;

function order(a: RolloutPart, b: RolloutPart): number {
  if (a.base === undefined && b.base === undefined) return a.refused.length - b.refused.length;
  if (a.base === undefined || b.base === undefined) return a.base === undefined ? 1 : -1;
  return compareVersions(b.base, a.base);
}
