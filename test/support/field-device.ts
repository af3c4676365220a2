/** A device in the field: Debian's swupdate, polling a server by suricatta, on slots that are its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BOARD } from './swupdate.ts';

export interface FieldDeviceOptions {
  name: string;
  /** A folder of its own. */
  dir: string;
  /** The slots as the plan names them; each device sees its own files there. */
  slots: { a: string; b: string };
  server: string;
  certificate: string;
  /** What it sends of itself. */
  identify: Record<string, string>;
}

/** No device of a test runs for longer. */
const LIFE_SECONDS = 600;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) endGroup(child);
});

/** Debian's swupdate can wait for itself on its way out; seen under load. */
const STOP_MS = 5000;

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** One device. Its `a` is in use, its `b` is written: as large as an image, with something else in it. */
export class FieldDevice {
  readonly #options: FieldDeviceOptions;
  readonly #rubbish: Buffer;
  #child: ChildProcess | undefined;

  constructor(options: FieldDeviceOptions, image: string) {
    this.#options = options;
    this.#rubbish = Buffer.alloc(statSync(image).size, 'nothing yet ');
    mkdirSync(join(options.dir, 'slots'), { recursive: true });
    copyFileSync(image, this.slot('a'));
    writeFileSync(this.slot('b'), this.#rubbish);
  }

  /** A slot's file. */
  slot(which: 'a' | 'b'): string {
    return join(this.#options.dir, 'slots', which === 'a' ? 'slot-a' : 'slot-b');
  }

  /** Whether nothing has written to the other slot. */
  get isUntouched(): boolean {
    return readFileSync(this.slot('b')).equals(this.#rubbish);
  }

  get log(): string {
    return readFileSync(join(this.#options.dir, 'log'), 'utf8');
  }

  /**
   * Starts its client, which polls every second.
   *
   * @param confirm what it tells of the update before this start, as after a reboot: 2 is success
   */
  start(identify: Record<string, string> = this.#options.identify, confirm?: number): void {
    const { dir, slots, server, certificate, name } = this.#options;
    const config = Object.entries(identify).map(([key, value]) => `  { name = "${key}"; value = "${value}"; }`);
    writeFileSync(join(dir, 'swupdate.cfg'), `globals : {\n};\nidentify : (\n${config.join(',\n')}\n);\n`);
    mkdirSync(join(dir, 'tmp'), { recursive: true });
    const client = ['-t', 'DEFAULT', '-u', server, '-i', name, '-p', '1', ...(confirm ? ['-c', String(confirm)] : [])];
    const args = ['-v', '-f', join(dir, 'swupdate.cfg'), '-k', certificate, '-H', `${BOARD}:1.0`, '-e', 'stable,alt'];
    const log = openSync(join(dir, 'log'), 'a');
    // Every device finds its own files under the names that the package writes to.
    const mounted = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
    const swupdate = ['swupdate', ...args, '-u', client.join(' ')];
    this.#child = spawn(
      'timeout',
      [
        '-k',
        '5',
        String(LIFE_SECONDS),
        'unshare',
        '-m',
        'sh',
        '-c',
        mounted,
        'sh',
        join(dir, 'slots'),
        dirname(slots.a),
        ...swupdate,
      ],
      { env: { ...process.env, TMPDIR: join(dir, 'tmp') }, stdio: ['ignore', log, log], detached: true },
    );
    running.add(this.#child);
  }

  /** Stops its client; one that does not end is killed, as by a power cut. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !running.delete(child)) return;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false })]);
    endGroup(child);
    await ended;
  }

  /** Waits until the other slot is an image, or until the log says something; false when it takes too long. */
  async until(done: () => boolean, waitMs: number): Promise<boolean> {
    for (const endMs = Date.now() + waitMs; !done(); await sleep(300)) if (Date.now() > endMs) return false;
    return true;
  }
}
