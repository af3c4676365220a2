/** Reads the fleet of a server. */
import { ReleasePlanError } from '../../core/errors.ts';
import type { Report } from '../../core/events.ts';
import { serverUrl } from '../../io/http/address.ts';
import { HttpClient, type ClientOptions } from '../../io/http/client.ts';
import { firstOf } from '../../io/signals.ts';
import { readSecret } from '../../io/secret.ts';
import { formatDuration } from '../../text/duration.ts';
import { FleetTally, type Fleet, type TallyOptions } from '../devices/tally.ts';
import { goosebitClient } from './goosebit-api.ts';
import { goosebitRows } from './goosebit.ts';
import { hawkbitRows } from './hawkbit.ts';
import type { ServerRow } from './row.ts';
import { readDevice } from '../devices/device.ts';
import type { FleetServer } from '../../core/plan.ts';

export interface ServerHost {
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  report: Report;
}

/**
 * Reads the whole fleet, in memory that does not grow with it. Rows that cannot be read are counted in `bad`; their
 * line is their number in the order of the server.
 *
 * @throws ReleasePlanError `server-*`, `secret-*`, `fleet-incomplete` when the time is over
 */
export async function readServerFleet(
  server: FleetServer,
  host: ServerHost,
  options: TallyOptions = {},
): Promise<Fleet> {
  const tally = new FleetTally(server.url, options);
  const late = AbortSignal.timeout(server.timeLimitMs);
  const limited = { ...host, signal: firstOf(host.signal, late) };
  try {
    for await (const row of serverRows(server, limited)) {
      const device = readDevice(row);
      if ('problem' in device) tally.addBad(device.problem, tally.rows + 1);
      else tally.addDevice(device, tally.rows + 1);
    }
  } catch (error) {
    if (!late.aborted || host.signal.aborted) throw error;
    throw new ReleasePlanError(
      'fleet-incomplete',
      `${server.url}: ${tally.rows} devices were read in ${formatDuration(server.timeLimitMs)}, and there are more`,
      { cause: error, hint: 'Give fleet.time_limit more time.' },
    );
  }
  return tally.finish();
}

/** The devices of a server, one by one. */
export async function* serverRows(server: FleetServer, host: ServerHost): AsyncGenerator<ServerRow> {
  const client = await fleetClient(server, host);
  switch (server.kind) {
    case 'hawkbit':
      return yield* hawkbitRows(client, server);
    case 'goosebit':
      return yield* goosebitRows(client, server);
  }
}

/** @throws ReleasePlanError `secret-*`, `server-address`, `server-insecure` */
export async function fleetClient(server: FleetServer, host: ServerHost): Promise<HttpClient> {
  const what = `fleet ${server.url}`;
  const base = serverUrl(server.url, what);
  const password = server.password === undefined ? '' : await readSecret(server.password, what, host.env);
  const options: ClientOptions = {
    what,
    base,
    signal: host.signal,
    report: host.report,
    ...(server.caFile === undefined ? {} : { caFile: server.caFile }),
  };
  if (server.kind === 'goosebit') return goosebitClient(options, { user: server.user, password });
  const authorization = `Basic ${Buffer.from(`${server.user}:${password}`).toString('base64')}`;
  return new HttpClient({ ...options, authorize: async () => ({ authorization }) });
}
