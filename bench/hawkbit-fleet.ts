/**
 * A million devices read from hawkBit. The server is a stand-in that answers at once: what is measured is our side,
 * and how often a server is asked.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, BenchResult } from './bench.ts';
import { VERSIONS, fleetArchive, planFor, versionOf } from './fleet-archive.ts';
import { interleaved, medianOf, type Measurement } from './measure.ts';
import { releasePlan } from './programs.ts';
import { mebibytesOfKiB, ratio, seconds } from './table.ts';

const SIZES = [250_000, 1_000_000] as const;
const LARGEST_PAGE = 500;

/** Issue 13: memory is bounded, time linear. */
const LIMIT = 1.25;

interface Hawkbit {
  url: string;
  requests(): number;
  stop(): void;
}

/** `GET targets`, with a filter by version or without, and the attributes of one. */
async function startHawkbit(devices: number): Promise<Hawkbit> {
  let requests = 0;
  const name = (at: number): { controllerId: string } => ({ controllerId: `device-${at}` });
  const server: Server = createServer((request, response) => {
    requests += 1;
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    const asked = /^\/rest\/v1\/targets\/device-(\d+)\/attributes$/.exec(pathname);
    const version = /attribute\.version=="0\.(\d+)\.0"/.exec(searchParams.get('q') ?? '')?.[1];
    const [first, step] = version === undefined ? [0, 1] : [Number(version), VERSIONS];
    const total = Math.ceil((devices - first) / step);
    const offset = Number(searchParams.get('offset'));
    const count = Math.max(0, Math.min(total - offset, LARGEST_PAGE, Number(searchParams.get('limit') ?? 50)));
    const answer =
      asked === null
        ? { content: Array.from({ length: count }, (_, at) => name(first + (offset + at) * step)), total, size: count }
        : { version: versionOf(Number(asked[1]) % VERSIONS), tag: 'promoted', board: 'board' };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests: () => requests, stop: () => server.close() };
}

export const hawkbitFleetBench: Bench = {
  name: 'hawkbit-fleet',
  about: `a million devices on ${VERSIONS} versions, read from hawkBit`,
  async run(settings): Promise<BenchResult> {
    const dir = fleetArchive(settings);
    writeFileSync(join(dir, 'password'), 'admin\n', { mode: 0o600 });
    const measured: Array<Measurement & { devices: number; requests: number }> = [];
    for (const devices of SIZES) {
      const server = await startHawkbit(devices);
      const plan = join(dir, `plan-hawkbit-${devices}.yml`);
      const attributes = 'version_attribute: version, tag_attribute: tag, hardware_attribute: board';
      const fleet = `{ hawkbit: { url: "${server.url}", user: admin, password_file: password, ${attributes} } }`;
      writeFileSync(plan, planFor(fleet));
      const suggest = releasePlan('targets', 'suggest', versionOf(VERSIONS - 1), '--max', '20', '--plan', plan);
      const rounds = Math.min(2, settings.rounds);
      const { it } = await interleaved({ it: suggest }, rounds, settings.workDir);
      server.stop();
      measured.push({ ...medianOf(it), devices, requests: server.requests() / rounds });
    }
    const [small, large] = measured;
    const judge = (what: string, value: number): BenchResult['judgements'][number] => ({
      target: `issue 13: ${what}`,
      measured: `${ratio(value)} of ${SIZES[0]} devices`,
      reached: value <= LIMIT,
    });
    return {
      tables: [
        {
          title: `Fleet of hawkBit: devices on ${VERSIONS} versions, from server to answer, whole process`,
          columns: ['devices', 'requests', 'time', 'processor', 'memory'],
          rows: measured.map((one) => [
            String(one.devices),
            String(one.requests),
            seconds(one.wallMs),
            seconds(one.cpuMs),
            mebibytesOfKiB(one.peakKiB),
          ]),
        },
      ],
      judgements:
        small === undefined || large === undefined
          ? []
          : [
              judge('time linear in devices', large.cpuMs / large.devices / (small.cpuMs / small.devices)),
              judge('memory bounded', large.peakKiB / small.peakKiB),
            ],
      data: measured,
    };
  },
};
