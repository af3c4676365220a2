/** Judges a package by what its sw-description says, whoever made it. */
import type { Code } from '../../core/codes/index.ts';
import type { Diagnostic } from '../../core/diagnostic.ts';
import type { LintContext, LintRule } from './context.ts';
import {
  compressionIsAsSaid,
  deltasHaveTheirBase,
  devicesAreWrittenOnce,
  handlersFitPayloads,
  ivsAreUsedOnce,
  membersAreHashed,
} from './entries.ts';
import { packageIsAsPlanned } from './expected.ts';
import { bothDirectionsAreThere, hardwareIsNamed, versionIsUsable } from './package.ts';
import { deltasAreGuarded, imagesAreReadBack, nothingIsInstalledDirectly } from './protections.ts';

export type { Expected, ExpectedPayload, LintContext } from './context.ts';

/** Every rule; a new one is a function and a line here. */
const rules: readonly LintRule[] = [
  versionIsUsable,
  hardwareIsNamed,
  handlersFitPayloads,
  deltasHaveTheirBase,
  devicesAreWrittenOnce,
  deltasAreGuarded,
  imagesAreReadBack,
  nothingIsInstalledDirectly,
  membersAreHashed,
  compressionIsAsSaid,
  bothDirectionsAreThere,
  ivsAreUsedOnce,
  packageIsAsPlanned,
];

/**
 * What is wrong with a package. Errors harm a device, or make it refuse the
 * package; warnings may be meant so.
 *
 * @returns each finding once, errors first
 */
export function lintPackage(context: LintContext): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  for (const one of rules.flatMap((rule) => rule(context))) found.set(`${one.code} ${one.message}`, one);
  return [...found.values()].toSorted((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'));
}

/** The findings that count as errors, less the protections that the plan leaves out by name. */
export const unforgiven = (findings: readonly Diagnostic[], leftOut: ReadonlySet<Code>): Diagnostic[] =>
  findings.filter((one) => one.severity === 'error' && !leftOut.has(one.code));
