import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rdiffEngine } from '../../src/delivery/engines/rdiff.ts';
import { digestBytes } from '../../src/io/hash.ts';
import type { SwuSettings } from '../../src/core/plan.ts';
import type { SwuPartition, SwuRequest } from '../../src/swu/build.ts';
import { runClient } from '../../src/swu/client.ts';

/** The board that swupdate is told it runs on. */
export const BOARD = 'tolomeo-qemux86-64';

/** What a plan says of packages that says nothing of them but the hardware. */
export const SWU: SwuSettings = {
  hardware: ['1.0'],
  boards: [BOARD],
  selections: { set: 'stable', modes: ['main', 'alt'] },
  compress: 'gzip',
  guard: 'shell',
  readback: true,
  allowsInstalledDirectly: false,
  padding: true,
  bootenv: {},
  vars: {},
  scripts: [],
  files: [],
  full: true,
};

/** An image of a real program and a later version of it, with the delta that Debian's rdiff makes. */
export interface Release {
  base: Buffer;
  target: Buffer;
  /** Files of the same. */
  paths: { base: string; target: string; delta: string; deltaGz: string; deltaZst: string };
  deltaBytes: number;
}

/** Makes a release pair of some 3 MB in a folder. */
export function makeRelease(dir: string): Release {
  const program = readFileSync(process.execPath);
  const base = program.subarray(0, 3_000_000);
  const target = Buffer.concat([
    base.subarray(0, 1_000_000),
    Buffer.from('a new line in the middle\n'),
    base.subarray(1_000_700),
    program.subarray(5_000_000, 5_060_000),
  ]);
  const at = (name: string): string => join(dir, name);
  writeFileSync(at('base'), base);
  writeFileSync(at('target'), target);
  execFileSync('rdiff', ['signature', at('base'), at('base.sig')]);
  execFileSync('rdiff', ['delta', at('base.sig'), at('target'), at('rootfs.delta')]);
  execFileSync('gzip', ['-9nk', at('rootfs.delta')]);
  execFileSync('zstd', ['-q', at('rootfs.delta')]);
  const paths = {
    base: at('base'),
    target: at('target'),
    delta: at('rootfs.delta'),
    deltaGz: at('rootfs.delta.gz'),
    deltaZst: at('rootfs.delta.zst'),
  };
  return { base, target, paths, deltaBytes: readFileSync(paths.delta).byteLength };
}

/** The rootfs of a release as a delta partition. */
export function deltaPartition(
  release: Release,
  target: SwuPartition['target'],
  compression: SwuPartition['compression'] = 'gzip',
): SwuPartition {
  const payload = { gzip: release.paths.deltaGz, zstd: release.paths.deltaZst, none: release.paths.delta }[compression];
  return {
    name: 'rootfs',
    type: 'block',
    target,
    delta: rdiffEngine.format,
    payload,
    compression,
    decompressedSizeBytes: release.deltaBytes,
    image: digestBytes(release.target),
    base: digestBytes(release.base),
  };
}

/** A request that builds; override what a test is about. */
export function requestFor(
  keys: string,
  out: string,
  partitions: readonly SwuPartition[],
  over: Partial<SwuRequest> = {},
): SwuRequest {
  return {
    product: 'tolomeo',
    machine: BOARD,
    from: '0.1.0',
    to: '0.2.0',
    swu: SWU,
    signing: { method: 'cms', key: 'ec.pem', cert: 'ec.crt', public: 'ec.crt' },
    context: { env: {}, planDir: keys },
    partitions,
    out,
    ...over,
  };
}

/** What swupdate said and how it ended. */
export interface ClientRun {
  exitCode: number;
  log: string;
}

/**
 * Runs Debian's swupdate on a package, with a TMPDIR of its own (its sockets
 * lie there).
 *
 * @param mode `-i` installs, `-c` checks
 */
export async function swupdate(
  dir: string,
  swu: string,
  certificate: string,
  options: { mode?: 'install' | 'check'; select?: string; wrap?: string[]; more?: string[] } = {},
): Promise<ClientRun> {
  const tmp = mkdtempSync(join(dir, 'tmp-'));
  const args = [
    ...(options.mode === 'check' ? ['-c'] : []),
    '-v',
    '-i',
    swu,
    '-k',
    certificate,
    '-H',
    `${BOARD}:1.0`,
    ...(options.select === undefined ? [] : ['-e', options.select]),
    ...(options.more ?? []),
  ];
  const [program = 'swupdate', ...rest] = [...(options.wrap ?? []), 'swupdate', ...args];
  try {
    return await asked(program, rest, tmp);
  } finally {
    rmSync(tmp, { recursive: true, force: true });
  }
}

async function asked(program: string, args: readonly string[], tmp: string): Promise<ClientRun> {
  const { exitCode, stdout, stderr } = await runClient(program, args, { env: { TMPDIR: tmp }, timeoutMs: 60_000 });
  return { exitCode, log: `${stdout}\n${stderr}` };
}
