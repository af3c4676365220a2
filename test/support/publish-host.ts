import { join } from 'node:path';
import type { ReleaseEvent } from '../../src/core/events.ts';
import type { DestinationHost } from '../../src/publish/destination.ts';
import type { PublishOptions } from '../../src/publish/publish.ts';

/** What a destination gets of a machine, with what it says kept. */
export function publishHost(
  planDir: string,
  env: Record<string, string> = {},
): { host: DestinationHost; options: PublishOptions; events: ReleaseEvent[]; progress: string[] } {
  const events: ReleaseEvent[] = [];
  const progress: string[] = [];
  const { signal } = new AbortController();
  const report = (event: ReleaseEvent): void => void events.push(event);
  return {
    host: { env, planDir, signal, report },
    options: {
      recordFile: join(planDir, 'published.json'),
      report,
      signal,
      progress: (message) => void progress.push(message),
    },
    events,
    progress,
  };
}
