/** The devices of gooseBit: all of them in one answer, read as a stream. */
import { JSONParser } from '@streamparser/json';
import type { IncomingMessage } from 'node:http';
import { ReleasePlanError, messageOf } from '../../core/errors.ts';
import type { HttpClient } from '../../io/http/client.ts';
import { isObject } from '../../text/parse-json.ts';
import { GOOSEBIT_API } from './goosebit-api.ts';
import type { ServerRow } from './row.ts';
import type { FleetServer } from '../../core/plan.ts';

/** Rows that wait to be taken before the server is made to wait. */
const WAITING = 1000;

/** @throws ReleasePlanError `server-*` */
export async function* goosebitRows(client: HttpClient, { tag }: Pick<FleetServer, 'tag'>): AsyncGenerator<ServerRow> {
  const waiting: ServerRow[] = [];
  let wake: () => void = () => undefined;
  let isDone = false;
  let isBegun = false;
  const reading = client
    .retrying(async () => {
      // Begun anew, the list would bring devices twice.
      if (isBegun) throw new ReleasePlanError('server-unreachable', `${client.what}: the list of devices broke off`);
      await client.read({ method: 'GET', path: `${GOOSEBIT_API}/devices` }, async (answer) => {
        isBegun = true;
        for await (const rows of rowsOf(answer, client.what)) {
          waiting.push(...rows.map((row) => rowOf(row, tag)));
          wake();
          while (waiting.length > WAITING) await new Promise<void>((resolve) => (wake = resolve));
        }
      });
    })
    .finally(() => {
      isDone = true;
      wake();
    });
  reading.catch(() => undefined);
  for (;;) {
    if (waiting.length === 0) {
      if (isDone) break;
      await new Promise<void>((resolve) => (wake = resolve));
    }
    yield* waiting.splice(0);
    wake();
  }
  await reading;
}

/** The rows of each piece of the answer as it comes. */
async function* rowsOf(answer: IncomingMessage, what: string): AsyncGenerator<unknown[]> {
  const parser = new JSONParser({ paths: ['$.devices.*'], keepStack: false });
  let rows: unknown[] = [];
  parser.onValue = ({ value }) => void rows.push(value);
  let problem: unknown;
  parser.onError = (error) => void (problem ??= error);
  for await (const chunk of answer) {
    parser.write(chunk as Uint8Array);
    if (problem !== undefined)
      throw new ReleasePlanError('server-answer', `${what}: the list of devices is not JSON: ${messageOf(problem)}`, {
        cause: problem,
      });
    yield rows;
    rows = [];
  }
  if (!parser.isEnded) throw new ReleasePlanError('server-answer', `${what}: the list of devices is cut off`);
}

/** A device's words for ours; what is no object stays what it is, for the reader to say so. */
function rowOf(row: unknown, tag: string): ServerRow {
  if (!isObject(row)) return { uuid: row };
  const hardware = isObject(row.hardware) ? row.hardware.model : undefined;
  return {
    uuid: row.id,
    tag: row.feed ?? tag,
    version: row.sw_version,
    // `default` is gooseBit's word for a device that did not say.
    ...(hardware === 'default' || hardware === undefined ? {} : { 'hardware-id': hardware }),
  };
}
