/** The kinds of destination there are. */
import { ReleasePlanError } from '../core/errors.ts';
import { suggestion } from '../text/suggest.ts';
import type { Destination, DestinationHost, DestinationKind } from './destination.ts';
import type { DestinationSettings } from '../core/plan.ts';
import { directory } from './directory.ts';
import { goosebit } from './goosebit.ts';
import { hawkbit } from './hawkbit.ts';
import { s3 } from './s3.ts';

const KINDS: readonly DestinationKind[] = [directory, s3, hawkbit, goosebit];

/**
 * Opens a destination of the plan.
 *
 * @throws ReleasePlanError `value-unknown` for a kind that there is none of, `secret-*`, `server-address`,
 *   `server-insecure`
 */
export async function openDestination(settings: DestinationSettings, host: DestinationHost): Promise<Destination> {
  const found = KINDS.find(({ kind }) => kind === settings.kind);
  if (found === undefined)
    throw new ReleasePlanError('value-unknown', `there is no destination of kind ${JSON.stringify(settings.kind)}`, {
      hint: suggestion(
        settings.kind,
        KINDS.map(({ kind }) => kind),
        'kinds',
      ),
    });
  return await found.open(settings, host);
}
