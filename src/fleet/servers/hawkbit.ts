/** The devices of hawkBit: a page of names, then the attributes of each, since no call gives both. */
import { ReleasePlanError } from '../../core/errors.ts';
import { jsonOf, type HttpClient } from '../../io/http/client.ts';
import { isObject, textIn, type JsonObject } from '../../io/http/shape.ts';
import { HAWKBIT_API, hawkbitPages } from './hawkbit-api.ts';
import type { ServerRow } from './row.ts';
import type { FleetServer } from '../../core/plan.ts';

/** Devices asked for their attributes at once. */
const AT_ONCE = 12;

/** @throws ReleasePlanError `server-*` */
export async function* hawkbitRows(
  client: HttpClient,
  { attributes, tag }: Pick<FleetServer, 'attributes' | 'tag'>,
): AsyncGenerator<ServerRow> {
  for await (const page of hawkbitPages(client, '/targets')) {
    for (let at = 0; at < page.length; at += AT_ONCE) {
      const some = page.slice(at, at + AT_ONCE).map((target) => textIn(target, 'controllerId'));
      const found = await Promise.all(some.map(async (name) => await attributesOf(client, name)));
      for (const [index, name] of some.entries()) {
        const values = found[index];
        // Removed between the two calls: it is no device any more.
        if (values === undefined) continue;
        const told = attributes.tag === undefined ? undefined : values[attributes.tag];
        yield {
          name,
          tag: told ?? tag,
          version: values[attributes.version],
          ...(attributes.hardware === undefined ? {} : { 'hardware-id': values[attributes.hardware] }),
        };
      }
    }
  }
}

async function attributesOf(client: HttpClient, name: string): Promise<JsonObject | undefined> {
  const path = `${HAWKBIT_API}/targets/${encodeURIComponent(name)}/attributes`;
  const answer = await client.call({ method: 'GET', path, headers: { accept: 'application/json' }, also: [404] });
  if (answer.status === 404) return undefined;
  // A device that has sent none is answered for with nothing.
  if (answer.body.byteLength === 0) return {};
  const values = jsonOf(answer, client.what);
  if (isObject(values)) return values;
  throw new ReleasePlanError(
    'server-answer',
    `${client.what}: the attributes of ${JSON.stringify(name)} are no object`,
  );
}
