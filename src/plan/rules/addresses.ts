import { CODES } from '../../core/codes/index.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { serverUrl } from '../../io/http/address.ts';
import { formatPointer, type Finding, type Pointer } from '../finding.ts';
import { numbered, type PlanSource } from '../source.ts';

/** What a run would refuse to talk to is told before the merge, not in the night. */
export function addressesAreSafe({ artifacts, fleet, publish }: PlanSource): Finding[] {
  const findings: Finding[] = [];
  const look = (at: Pointer, address: unknown): void => {
    if (typeof address !== 'string') return;
    try {
      serverUrl(address, formatPointer(at));
    } catch (error) {
      if (!(error instanceof ReleasePlanError)) throw error;
      findings.push({ code: error.code, at, message: error.message, hint: CODES[error.code].cure });
    }
  };
  if (typeof artifacts === 'object') look(['artifacts', 'endpoint'], artifacts.endpoint);
  if (typeof fleet === 'object')
    for (const kind of ['hawkbit', 'goosebit'] as const) look(['fleet', kind, 'url'], fleet[kind]?.url);
  for (const [index, one] of numbered(publish))
    for (const key of ['url', 'endpoint']) look(['publish', index, key], one[key]);
  return findings;
}
