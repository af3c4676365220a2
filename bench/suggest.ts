/** `targets suggest` on 300 archived versions and a million devices: how long it takes, and how far its estimates are off. */
import { closeSync, existsSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, BenchResult } from './bench.ts';
import { IMAGE_BYTES, VERSIONS, fleetArchive, planFor, versionOf } from './fleet-archive.ts';
import { interleaved, medianOf } from './measure.ts';
import { releasePlan } from './programs.ts';
import { measureErrors } from './suggest-error.ts';
import { mebibytesOfKiB, seconds } from './table.ts';

const DEVICES = 1_000_000;

/** Issue 15. */
const TIME_LIMIT_MS = 5000;

/** Devices on all versions, most on the newest. */
function fleetFile(dir: string, devices: number): string {
  const path = join(dir, `fleet-${devices}.ndjson`);
  if (existsSync(path)) return path;
  const fd = openSync(`${path}.part`, 'w');
  let text = '';
  for (let at = 0; at < devices; at += 1) {
    const version = at < VERSIONS ? at : Math.floor(VERSIONS * Math.sqrt(((at * 7919) % devices) / devices));
    text += `{"uuid":"device-${at}","tag":"promoted","version":"${versionOf(version)}","hardware-id":"board"}\n`;
    if (text.length < 1_000_000) continue;
    writeSync(fd, text);
    text = '';
  }
  writeSync(fd, text);
  closeSync(fd);
  renameSync(`${path}.part`, path);
  return path;
}

export const suggestBench: Bench = {
  name: 'suggest',
  about: `which of ${VERSIONS} versions are worth a delta, for a million devices`,
  async run(settings): Promise<BenchResult> {
    const dir = fleetArchive(settings);
    const fleets = { 'a million devices': DEVICES, 'a device on each': VERSIONS };
    const programs = Object.fromEntries(
      Object.entries(fleets).map(([name, devices]) => {
        const plan = join(dir, `plan-${devices}.yml`);
        fleetFile(dir, devices);
        writeFileSync(plan, planFor(`fleet-${devices}.ndjson`));
        const to = versionOf(VERSIONS - 1);
        return [name, releasePlan('targets', 'suggest', to, '--max', '20', '--plan', plan)];
      }),
    );
    const measured = await interleaved(programs, settings.rounds, settings.workDir);
    const rows = Object.entries(measured).map(([name, runs]) => ({ name, runs, ...medianOf(runs) }));
    // What is left of a fleet once it was read are counts by version, which a small fleet has as well.
    const afterMs = rows.find(({ name }) => name === 'a device on each')?.cpuMs ?? Infinity;
    const errors = await measureErrors(settings);
    return {
      tables: [
        {
          title: `targets suggest: ${VERSIONS} versions of ${Math.round(IMAGE_BYTES / 1e6)} MB, whole process`,
          columns: ['fleet', 'time', 'processor', 'memory'],
          rows: rows.map((one) => [one.name, seconds(one.wallMs), seconds(one.cpuMs), mebibytesOfKiB(one.peakKiB)]),
        },
        errors.table,
      ],
      judgements: [
        {
          target: 'issue 15: within 5 s after the fleet was read',
          measured: `${seconds(afterMs)} of processor time, with start and a fleet of ${VERSIONS} rows`,
          reached: afterMs <= TIME_LIMIT_MS,
        },
      ],
      data: { rows, errors: errors.rows },
    };
  },
};
