/** A package as a whole: opened, checked, and judged by what it says. */
import type { Diagnostic } from '../core/diagnostic.ts';
import { lintPackage, type Expected } from './lint/index.ts';
import { openSwu, type OpenedSwu, type OpenRequest } from './open.ts';

export interface InspectRequest extends OpenRequest {
  /** What the package must hold; without it, it is judged by itself alone. */
  expected?: Expected;
}

/** {@link OpenedSwu} with what is wrong with it. */
export interface InspectedSwu extends OpenedSwu {
  /** Errors first; see lintPackage. */
  findings: Diagnostic[];
}

/**
 * Opens a package, one of our own or another's, and judges it.
 *
 * @throws ReleasePlanError as openSwu does; what is wrong with the package itself is a check or a finding
 */
export async function inspectSwu(path: string, request: InspectRequest): Promise<InspectedSwu> {
  const opened = await openSwu(path, request);
  const { description, payloads, isSigned } = opened;
  if (description === undefined) return { ...opened, findings: [] };
  const { expected } = request;
  const findings = lintPackage({ description, payloads, isSigned, ...(expected === undefined ? {} : { expected }) });
  return { ...opened, findings };
}
