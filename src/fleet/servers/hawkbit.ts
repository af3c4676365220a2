/**
 * The devices of hawkBit. No call gives devices together with their attributes, and one call for each of a million
 * devices takes a night: when some have said the same, the server is asked by its own filter for all that do.
 */
import { ReleasePlanError } from '../../core/errors.ts';
import { jsonOf, type HttpClient } from '../../io/http/client.ts';
import { textIn, type JsonObject } from '../../io/http/shape.ts';
import { isObject } from '../../text/parse-json.ts';
import { NameSet } from '../devices/name-set.ts';
import { HAWKBIT_API, attributeIs, hawkbitPages } from './hawkbit-api.ts';
import type { ServerRow } from './row.ts';
import type { FleetServer } from '../../core/plan.ts';

/** Devices asked for their attributes at once. */
const AT_ONCE = 12;

/** Devices that have said the same before the server is asked for all that do. */
const ALIKE = 24;

/** Devices of its answer that are asked themselves: whether the filter means what we mean. */
const SAMPLES = 5;

type Wanted = Pick<FleetServer, 'attributes' | 'tag'>;

/** @throws ReleasePlanError `server-*` */
export async function* hawkbitRows(client: HttpClient, wanted: Wanted): AsyncGenerator<ServerRow> {
  yield* new HawkbitFleet(client, wanted).rows();
}

class HawkbitFleet {
  readonly #client: HttpClient;
  readonly #wanted: Wanted;
  /** Devices that were told of. */
  readonly #seen = new NameSet();
  /** How many devices said the same, by the filter that finds them. */
  readonly #alike = new Map<string, number>();

  constructor(client: HttpClient, wanted: Wanted) {
    this.#client = client;
    this.#wanted = wanted;
  }

  async *rows(): AsyncGenerator<ServerRow> {
    for await (const page of hawkbitPages(this.#client, '/targets')) {
      let left = this.#unseen(page);
      while (left.length > 0) {
        const common: JsonObject[] = [];
        for (const [name, values] of await this.#ask(left.slice(0, AT_ONCE))) {
          yield this.#row(name, values);
          if (this.#becomesCommon(values)) common.push(values);
        }
        left = left.slice(AT_ONCE);
        for (const values of common) yield* this.#all(values);
        if (common.length > 0) left = left.filter((name) => !this.#seen.has(name));
      }
    }
  }

  /** Every other device of which the server says that it has these values. */
  async *#all(values: JsonObject): AsyncGenerator<ServerRow> {
    const filter = filterOf(this.#wanted, values);
    let isSampled = false;
    for await (const page of hawkbitPages(this.#client, '/targets', filter)) {
      const names = this.#unseen(page);
      if (!isSampled) {
        const samples = await this.#ask(names.splice(0, SAMPLES));
        for (const [name, own] of samples) yield this.#row(name, own);
        // Some may have changed in between; where most differ, the filter says something else.
        const differing = samples.filter(
          ([, own]) => filterOf(this.#wanted, own)?.toLowerCase() !== filter?.toLowerCase(),
        );
        if (differing.length > samples.length / 2) return;
        isSampled = samples.length > 0;
      }
      for (const name of names) yield this.#row(name, values);
    }
  }

  #unseen(page: readonly JsonObject[]): string[] {
    const names = page.map((target) => textIn(target, 'controllerId'));
    return names.filter((name) => !this.#seen.has(name));
  }

  /** What devices say; one that was removed in between is no device any more. */
  async #ask(names: readonly string[]): Promise<Array<[name: string, values: JsonObject]>> {
    const found = await Promise.all(names.map(async (name) => await attributesOf(this.#client, name)));
    return names.flatMap((name, index): Array<[string, JsonObject]> => {
      const values = found[index];
      return values === undefined ? [] : [[name, values]];
    });
  }

  #becomesCommon(values: JsonObject): boolean {
    const filter = filterOf(this.#wanted, values);
    if (filter === undefined) return false;
    const count = (this.#alike.get(filter) ?? 0) + 1;
    this.#alike.set(filter, count);
    return count === ALIKE;
  }

  #row(name: string, values: JsonObject): ServerRow {
    this.#seen.add(name);
    const { attributes, tag } = this.#wanted;
    const told = attributes.tag === undefined ? undefined : values[attributes.tag];
    return {
      name,
      tag: told ?? tag,
      version: values[attributes.version],
      ...(attributes.hardware === undefined ? {} : { 'hardware-id': values[attributes.hardware] }),
    };
  }
}

/**
 * The filter that finds the devices with these values, the same that a rollout uses; the case of letters does not
 * matter to it. Undefined where it could find others: a value is missing, or is no plain text.
 */
function filterOf({ attributes }: Wanted, values: JsonObject): string | undefined {
  const keys = [attributes.version, attributes.tag, attributes.hardware].filter((key) => key !== undefined);
  const terms = keys.map((key) => {
    const value = values[key];
    return typeof value === 'string' && /^[\w.+:/ -]+$/.test(value) ? attributeIs(key, value) : undefined;
  });
  return terms.includes(undefined) ? undefined : terms.join(';');
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
