/**
 * Every code that a diagnostic or an error can carry, with the exit code that it ends in and what
 * `release-plan explain CODE` says of it: text, cure and example stand together, in one file per area.
 *
 * A new code is one entry in its area's file; a test holds that some test raises each.
 */
import { archiveCodes } from './archive.ts';
import { deltaCodes } from './delta.ts';
import type { CodeEntry } from './entry.ts';
import { environmentCodes } from './environment.ts';
import { fleetCodes } from './fleet.ts';
import { hostCodes } from './hosts.ts';
import { insightCodes } from './insight.ts';
import { kasCodes } from './kas.ts';
import { ostreeCodes } from './ostree.ts';
import { partitionCodes } from './partitions.ts';
import { planCodes } from './plan.ts';
import { publishCodes } from './publish.ts';
import { scheduleCodes } from './schedule.ts';
import { signingCodes } from './signing.ts';
import { swuCodes } from './swu.ts';
import { versionCodes } from './versions.ts';
import { yamlCodes } from './yaml.ts';

export { EXIT, type CodeEntry, type ExitCode } from './entry.ts';

const codes = {
  ...planCodes,
  ...yamlCodes,
  ...versionCodes,
  ...partitionCodes,
  ...kasCodes,
  ...archiveCodes,
  ...deltaCodes,
  ...insightCodes,
  ...signingCodes,
  ...swuCodes,
  ...fleetCodes,
  ...ostreeCodes,
  ...publishCodes,
  ...scheduleCodes,
  ...hostCodes,
  ...environmentCodes,
};

/** The name of a code, as printed and as `explain` takes it. */
export type Code = keyof typeof codes;

/** Every code, in the order in which `explain` lists them. */
export const CODES: Readonly<Record<Code, CodeEntry>> = codes;
