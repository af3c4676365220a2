import type { Finding } from '../finding.ts';
import type { PlanSource } from '../source.ts';
import { addressesAreSafe } from './addresses.ts';
import { deltasLeadForward } from './deltas.ts';
import { listsWithoutRepeats } from './duplicates.ts';
import { enginesHaveWhatTheyNeed } from './engines.ts';
import { fleetHasOneSource } from './fleet.ts';
import { filesExist } from './files.ts';
import { imageKindsSuitDeltas } from './image-kinds.ts';
import { oneRepositoryPerChain } from './kas-chain.ts';
import { kasFilesAgree } from './kas-files.ts';
import { needsOfItsKind } from './kind.ts';
import { packageIsReadable } from './package.ts';
import { partitionsTakeDeltas } from './partition-deltas.ts';
import { partitionDevices } from './partition-devices.ts';
import { partitionNames } from './partition-names.ts';
import { pathsStayInside, linksStayInside } from './paths.ts';
import { placeholdersKnown } from './placeholders.ts';
import type { Project } from './project.ts';
import { destinationsAreDistinct } from './publish.ts';
import { selectionsFindVersions } from './selections.ts';
import { selectionsAreOne } from './selection-keys.ts';
import { signingIsComplete } from './signing.ts';
import { templateParses } from './template.ts';
import { versionsInOrder } from './versions.ts';

/** Judges what the schema cannot: one concern, by the content alone. Tolerates whatever is missing. */
export type Rule = (plan: PlanSource, project: Project) => Finding[];

/** A rule that looks at the disk. */
export type FileRule = (plan: PlanSource, project: Project) => Promise<Finding[]>;

/** Every rule; a new one is a file and a line here. */
export const rules: readonly Rule[] = [
  needsOfItsKind,
  listsWithoutRepeats,
  versionsInOrder,
  partitionNames,
  partitionDevices,
  partitionsTakeDeltas,
  deltasLeadForward,
  selectionsFindVersions,
  selectionsAreOne,
  enginesHaveWhatTheyNeed,
  packageIsReadable,
  signingIsComplete,
  fleetHasOneSource,
  placeholdersKnown,
  destinationsAreDistinct,
  addressesAreSafe,
  pathsStayInside,
];

/** Every rule that looks at the disk. */
export const fileRules: readonly FileRule[] = [
  linksStayInside,
  filesExist,
  oneRepositoryPerChain,
  kasFilesAgree,
  templateParses,
  imageKindsSuitDeltas,
];
