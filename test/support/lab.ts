/**
 * A network of hosts on one machine: namespaces of the kernel, joined by a bridge. All of it is inside a namespace of
 * its own, which ends with its first process: nothing is left behind, however that ends, and nothing of it can be
 * reached from outside.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Where servers are that all hosts reach. */
export const HUB = '10.77.0.1';

/** A network, processes and mounts of its own; killed by the kernel when the process dies that started it. */
const ISOLATED: readonly string[] = [
  'setpriv --pdeathsig KILL unshare --net --mount --pid --fork --kill-child --mount-proc'.split(' '),
  // The shell is the first process: it waits for whom others leave.
  ['sh', '-c', 'mount -t tmpfs none /run && "$@"; exit $?', 'sh'],
].flat();

const PROBE_MS = 20_000;

/** Why there can be no lab here; undefined when one was made, with a host in it. */
export function labHindrance(): string | undefined {
  const probe = fileURLToPath(new URL('lab-probe.sh', import.meta.url));
  const [command = '', ...args] = [...ISOLATED, 'sh', probe];
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: PROBE_MS });
  if (status === 0) return undefined;
  const words = (error?.message ?? stderr).trim().split('\n').at(-1);
  return `no network namespaces can be made here (needs root, iproute2, CAP_SYS_ADMIN): ${words}`;
}

/**
 * Runs a script inside a new lab.
 *
 * @returns its exit code, and all that it said
 */
export async function runInLab(script: string, limitMs: number): Promise<{ exitCode: number; said: string }> {
  const [command = '', ...args] = [...ISOLATED, process.execPath, '--import', 'tsx', script];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void (said += chunk.toString('utf8')));
  const limit = setTimeout(() => {
    said += `\nit takes more than ${limitMs / 1000} s`;
    child.kill('SIGKILL');
  }, limitMs);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ exitCode: code ?? -1, said }));
    });
  } finally {
    clearTimeout(limit);
  }
}

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });

/** In a lab: the bridge, with the address of the hub. */
export function makeHub(): void {
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'br0', 'type', 'bridge');
  ip('addr', 'add', `${HUB}/24`, 'dev', 'br0');
  ip('link', 'set', 'br0', 'up');
}

export interface LabHost {
  name: string;
  address: string;
  /** Starts a program there, which sees nothing of the folders of other hosts. */
  start(command: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }): ChildProcess;
  /** Pulls its cable. */
  cut(): void;
  mend(): void;
  /** Takes the power from it: every process ends at once. */
  crash(): void;
}

/** What a program is started with: the host's name, and empty folders over those of others. */
const ENTER =
  'hostname "$1"; shift; while [ "$1" != -- ]; do mount -t tmpfs -o ro none "$1" || exit; shift; done; shift; exec "$@"';

/** @param hidden folders that are not there on this host */
export function makeHost(name: string, number: number, hidden: readonly string[]): LabHost {
  const address = `10.77.0.${number}`;
  ip('netns', 'add', name);
  ip('link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  ip('link', 'set', `to-${name}`, 'master', 'br0', 'up');
  ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
  ip('-n', name, 'link', 'set', 'lo', 'up');
  ip('-n', name, 'link', 'set', 'eth0', 'up');
  return {
    name,
    address,
    start(command, { cwd, env }) {
      const enter = ['unshare', '--uts', 'sh', '-c', ENTER, 'sh', name, ...hidden, '--', ...command];
      return spawn('ip', ['netns', 'exec', name, ...enter], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    },
    cut: () => ip('link', 'set', `to-${name}`, 'down'),
    mend: () => ip('link', 'set', `to-${name}`, 'up'),
    crash() {
      const pids = execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).trim().split('\n');
      for (const pid of pids.filter((one) => one !== '')) {
        try {
          process.kill(Number(pid), 'SIGKILL');
        } catch {
          // It has ended by itself.
        }
      }
    },
  };
}
