/** A small product in a folder of its own: the Tolomeo example with images of a few MiB, its slots plain files. */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { requireDocument } from './documents.ts';
import { scratch } from './scratch.ts';
import { sourceLines } from './sources.ts';
import { makeKeys } from './signing.ts';

export const MACHINE = 'tolomeo-qemux86-64';
const EXAMPLE = fileURLToPath(new URL('../../examples/tolomeo', import.meta.url));
const BIN = fileURLToPath(new URL('../../src/bin.js', import.meta.url));

/** The plan as the YAML holds it, for tests to change. */
export interface PlanYaml {
  [key: string]: unknown;
  versions: Array<{ version: string; tags?: string[]; kas?: string[] }>;
  partitions: Array<Record<string, unknown>>;
  swu: Record<string, unknown>;
  signing: Record<string, string>;
  deltas: Array<{ to: string; from: unknown; engine: string }>;
}

export interface CliResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface Product {
  dir: string;
  plan: string;
  /** The archive of the product: `<artifacts>/<machine>/<image>`. */
  archive: string;
  /** Device slots a and b, plain files. */
  slots: { a: string; b: string };
  keys: string;
  /** Rewrites the plan. */
  edit(change: (plan: PlanYaml) => void): void;
  /** Writes a kas file that adds lines to local.conf, and returns its name for a version's `kas:`. */
  kasFile(name: string, localConf: readonly string[]): string;
  /** Starts release-plan; `done` ends with what it printed. */
  start(args: readonly string[], env?: NodeJS.ProcessEnv): { child: ChildProcess; done: Promise<CliResult> };
  run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<CliResult>;
}

/** @param rootfsMib how many MiB of programs go into each image */
export function product(name: string, rootfsMib = 4): Product {
  const dir = scratch(`product-${name}`);
  for (const folder of ['kas', 'layers']) cpSync(join(EXAMPLE, folder), join(dir, folder), { recursive: true });
  mkdirSync(join(dir, 'device'));
  const keys = makeKeys(`product-${name}-keys`).dir;
  const slots = { a: join(dir, 'device/slot-a'), b: join(dir, 'device/slot-b') };
  const plan = join(dir, 'plan.yml');
  const base = parse(readFileSync(join(EXAMPLE, 'plan.yml'), 'utf8')) as PlanYaml & {
    kas: { config: string | string[] };
  };
  const small = kasFile('small', [`STAND_IN_ROOTFS_MIB = "${rootfsMib}"`, ...sourceLines()]);
  base.kas.config = [String(base.kas.config), small];
  base.partitions = base.partitions.map((one) => ({ ...one, slots }));
  // Tests of their own are about these; the others need not wait for them.
  base.swu = { ...base.swu, full: false };
  base.prove = { install: false };
  base.signing = { method: 'cms', key: join(keys, 'ec.pem'), cert: join(keys, 'ec.crt'), public: join(keys, 'ec.crt') };
  write(base);

  function kasFile(id: string, localConf: readonly string[]): string {
    const lines = localConf.map((line) => `    ${line}\n`).join('');
    writeFileSync(join(dir, 'kas', `${id}.yml`), `header:\n  version: 1\nlocal_conf_header:\n  ${id}: |\n${lines}`);
    return `kas/${id}.yml`;
  }

  function write(content: PlanYaml): void {
    writeFileSync(plan, stringify(content));
  }

  function start(
    args: readonly string[],
    env: NodeJS.ProcessEnv = process.env,
  ): { child: ChildProcess; done: Promise<CliResult> } {
    const child = spawn(process.execPath, [BIN, ...args], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const done = new Promise<CliResult>((resolve, reject) => {
      const said = { stdout: '', stderr: '' };
      child.stdout.on('data', (chunk: Buffer) => void (said.stdout += chunk.toString('utf8')));
      child.stderr.on('data', (chunk: Buffer) => void (said.stderr += chunk.toString('utf8')));
      child.once('error', reject);
      child.once('close', (code) => {
        try {
          // A run that was ended in the middle may have printed half a document.
          if (code !== null) requireDocument(args, said.stdout);
          resolve({ exitCode: code ?? -1, ...said });
        } catch (error) {
          reject(error);
        }
      });
    });
    return { child, done };
  }

  return {
    dir,
    plan,
    archive: join(dir, 'artifacts', MACHINE, 'image-prod'),
    slots,
    keys,
    kasFile,
    start,
    run: async (args, env) => await start(args, env).done,
    edit: (change) => {
      const content = parse(readFileSync(plan, 'utf8')) as PlanYaml;
      change(content);
      write(content);
    },
  };
}

/** Every file below a folder, relative, sorted; empty without the folder. */
export function filesBelow(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .sort();
}
