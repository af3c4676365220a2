/** How far rollouts are, as hawkBit tells it. */
import type { HttpClient } from '../../io/http/client.ts';
import { numberIn, objectOf, textIn, type JsonObject } from '../../io/http/shape.ts';
import { isObject } from '../../text/parse-json.ts';
import { HAWKBIT_API, hawkbitPage, hawkbitPages, quoted } from '../../fleet/servers/hawkbit-api.ts';

/** hawkBit's words for what a rollout may be. */
export type RolloutState =
  | 'creating'
  | 'ready'
  | 'waiting_for_approval'
  | 'approval_denied'
  | 'starting'
  | 'running'
  | 'paused'
  | 'stopping'
  | 'stopped'
  | 'finished'
  | 'error';

export interface RolloutStatus {
  name: string;
  id: number;
  /** One of {@link RolloutState}, or a word of a later release. */
  state: string;
  devices: number;
  finished: number;
  failed: number;
  groups: RolloutGroupStatus[];
}

export interface RolloutGroupStatus {
  name: string;
  state: string;
  devices: number;
  finished: number;
  failed: number;
}

/**
 * How far each rollout is whose name begins so.
 *
 * @param isWanted by its name; of others nothing more is asked
 * @throws ReleasePlanError `server-*`
 */
export async function readProgress(
  client: HttpClient,
  prefix: string,
  isWanted: (name: string) => boolean = () => true,
): Promise<RolloutStatus[]> {
  const found: RolloutStatus[] = [];
  for await (const page of hawkbitPages(client, '/rollouts', `name==${quoted(`${prefix}*`)}`)) {
    for (const rollout of page) {
      const name = textIn(rollout, 'name');
      if (!isWanted(name)) continue;
      const id = numberIn(rollout, 'id', client.what);
      const call = { method: 'GET', path: `${HAWKBIT_API}/rollouts/${id}` } as const;
      found.push({
        name,
        id,
        state: textIn(rollout, 'status'),
        devices: numberIn(rollout, 'totalTargets', client.what),
        // Lists tell no numbers, neither of a rollout nor of its groups: each is asked for itself.
        ...progressOf(objectOf(await client.json(call), client.what)),
        groups: await groupsOf(client, id),
      });
    }
  }
  return found;
}

async function groupsOf(client: HttpClient, rolloutId: number): Promise<RolloutGroupStatus[]> {
  const path = `/rollouts/${rolloutId}/deploygroups`;
  const groups: RolloutGroupStatus[] = [];
  for (const { id } of (await hawkbitPage(client, path, {})).content) {
    const call = { method: 'GET', path: `${HAWKBIT_API}${path}/${String(id)}` } as const;
    groups.push(groupOf(objectOf(await client.json(call), client.what)));
  }
  return groups;
}

function progressOf(entity: JsonObject): { finished: number; failed: number } {
  const counts = isObject(entity.totalTargetsPerStatus) ? entity.totalTargetsPerStatus : {};
  const countOf = (key: string): number => (typeof counts[key] === 'number' ? counts[key] : 0);
  return { finished: countOf('finished'), failed: countOf('error') };
}

const groupOf = (group: JsonObject): RolloutGroupStatus => ({
  name: textIn(group, 'name'),
  state: textIn(group, 'status'),
  devices: typeof group.totalTargets === 'number' ? group.totalTargets : 0,
  ...progressOf(group),
});
