/** Who gets which package: one part for each base version, and one with the full package for the rest. Pure. */
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
  devices: number;
  /** Over the wire, when each device takes it once. */
  wireBytes: number;
}

export interface RolloutPlan {
  version: string;
  tag: string;
  hardware: string;
  /** In the order in which they are to be started: deltas from the newest base on, then the full package. */
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
  for (const group of question.groups.filter((one) => one.tag === tag)) {
    const runs = group.version;
    if (saysHardware && group.hardwareId !== hardware) plan.otherHardware += group.devices;
    else if (runs === version) plan.there += group.devices;
    else if (runs !== undefined && isNewer(runs, version)) plan.newer += group.devices;
    else add(plan, offers, group);
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

function add(plan: RolloutPlan, { full, deltas }: Offers, { version, devices }: DeviceGroup): void {
  const delta = version === undefined ? undefined : deltas.get(version);
  const offered = delta ?? full;
  if (offered === undefined) {
    plan.stranded += devices;
    return;
  }
  let part = plan.parts.find((one) => one.package === offered);
  if (part === undefined) {
    const base = offered.base === undefined ? {} : { base: offered.base.version };
    part = { ...base, package: offered, versions: [], versionless: 0, devices: 0, wireBytes: 0 };
    plan.parts.push(part);
  }
  if (version === undefined) part.versionless += devices;
  else if (!part.versions.includes(version)) part.versions.push(version);
  part.devices += devices;
  part.wireBytes += devices * offered.sizeBytes;
  plan.wireBytes += devices * offered.sizeBytes;
  if (full !== undefined) plan.fullWireBytes = (plan.fullWireBytes ?? 0) + devices * full.sizeBytes;
}

/** A version that is of no known form is taken for older: its device gets the full package. */
const isNewer = (a: string, b: string): boolean => isVersion(a) && compareVersions(a, b) > 0;

function order(a: RolloutPart, b: RolloutPart): number {
  if (a.base === undefined || b.base === undefined) return a.base === b.base ? 0 : a.base === undefined ? 1 : -1;
  return compareVersions(b.base, a.base);
}
