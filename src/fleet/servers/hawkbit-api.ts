/** How hawkBit's Management API is asked: by name, by filter, by page. */
import { ReleasePlanError } from '../../core/errors.ts';
import type { HttpClient } from '../../io/http/client.ts';
import { numberIn, objectOf, objectsOf, type JsonObject } from '../../io/http/shape.ts';

/** Where the Management API is, below the server's address. */
export const HAWKBIT_API = '/rest/v1';

/** Largest page that hawkBit gives. */
const PAGE = 500;

/** One value in a filter of hawkBit's query language. */
export const quoted = (value: string): string => `"${value.replace(/(["\\])/g, '\\$1')}"`;

/** Devices of which an attribute has a value, in that language; the case of letters does not matter to it. */
export const attributeIs = (attribute: string, value: string): string => `attribute.${attribute}==${quoted(value)}`;

/** A page of a list. */
export interface HawkbitPage {
  content: JsonObject[];
  /** Of the whole list. */
  total: number;
}

/** @throws ReleasePlanError `server-*` */
export async function hawkbitPage(
  client: HttpClient,
  path: string,
  query: { q?: string; offset?: number; limit?: number; sort?: string },
): Promise<HawkbitPage> {
  const texts = Object.entries({ limit: PAGE, ...query }).map(([key, value]) => [key, String(value)]);
  const answer = objectOf(
    await client.json({ method: 'GET', path: `${HAWKBIT_API}${path}`, query: Object.fromEntries(texts) }),
    client.what,
  );
  return { content: objectsOf(answer.content, client.what), total: numberIn(answer, 'total', client.what) };
}

/**
 * All pages of a list, one in memory at a time. The order is that of ids, so that what is added meanwhile comes last.
 *
 * @throws ReleasePlanError `server-answer` when the pages end before the list does
 */
export async function* hawkbitPages(client: HttpClient, path: string, q?: string): AsyncGenerator<JsonObject[]> {
  for (let offset = 0; ;) {
    const query = { offset, sort: 'id:ASC', ...(q === undefined ? {} : { q }) };
    const { content, total } = await hawkbitPage(client, path, query);
    yield content;
    offset += content.length;
    if (offset >= total) return;
    if (content.length === 0)
      throw new ReleasePlanError('server-answer', `${client.what}: ${path} ended after ${offset} of ${total}`);
  }
}

/** The one object of a list with this name and version, which hawkBit keeps unique; undefined when there is none. */
export async function hawkbitNamed(
  client: HttpClient,
  path: string,
  name: string,
  version: string,
): Promise<JsonObject | undefined> {
  const q = `name==${quoted(name)};version==${quoted(version)}`;
  const { content } = await hawkbitPage(client, path, { q, limit: 2 });
  // An asterisk in a name is a wildcard of the filter: what it found is compared again.
  return content.find((one) => one.name === name && one.version === version);
}
