/**
 * A file system of its own for a program that writes to devices: the plan's
 * device paths are plain files there, and nothing of this machine can be
 * written. A mount namespace with a root made of read-only mounts of this
 * machine's programs; the network is another one as well, without anything in it.
 */
import { cp, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { ifPresent } from '../io/present.ts';
import { ANY_EXIT_CODE, run, type RunResult } from '../io/process.ts';

/** What of this machine is seen inside, read-only. */
const SHARED = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'] as const;
/** What programs need of /etc; the rest of it is empty and writable. */
const CONFIGURATION = [
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'passwd',
  'group',
  'nsswitch.conf',
  'ssl/openssl.cnf',
];
const NODES = ['null', 'zero', 'full', 'random', 'urandom'] as const;

/** A root folder that {@link runInside} can be given. */
export interface Sandbox {
  root: string;
  /** More that is seen inside, read-only, under its own path. */
  shared: readonly string[];
}

/**
 * Fills a folder so that it can be a root.
 *
 * @param root empty
 * @param shared absolute paths of folders that are seen inside besides
 */
export async function makeSandbox(root: string, shared: readonly string[] = []): Promise<Sandbox> {
  for (const folder of ['dev', 'proc', 'sys', 'tmp', 'run/swupdate', 'etc/ssl', ...SHARED, ...shared])
    await mkdir(join(root, folder), { recursive: true });
  for (const name of CONFIGURATION)
    await ifPresent(cp(join('/etc', name), join(root, 'etc', name), { recursive: true, dereference: true }));
  for (const node of NODES) await writeFile(join(root, 'dev', node), '');
  return { root, shared };
}

/** Where a path of the inside lies outside; the folders above it are made. */
export async function placeInside({ root }: Sandbox, path: string): Promise<string> {
  const place = join(root, path);
  await mkdir(dirname(place), { recursive: true });
  return place;
}

/**
 * Whether a device path can be one inside: not where this machine's own files
 * are seen, nor where programs look for what they need.
 */
export const isFree = (path: string, { shared }: Pick<Sandbox, 'shared'>): boolean =>
  ![...SHARED, ...shared, '/proc', '/sys', ...NODES.map((one) => `/dev/${one}`)].some(
    (one) => path === one || path.startsWith(`${one}/`),
  );

const SCRIPT = `
set -e
mapped=$1
root=$2
shift 2
while [ "$1" != -- ]; do
  mount --rbind "$1" "$root$1"
  # In a user namespace the flags of a mount can be locked; there this user's own rights are the limit.
  mount -o remount,bind,ro "$root$1" 2>/dev/null || [ "$mapped" = yes ]
  shift
done
shift
for node in ${NODES.join(' ')}; do mount --bind "/dev/$node" "$root/dev/$node"; done
mount --rbind /proc "$root/proc"
mount --rbind /sys "$root/sys"
exec chroot "$root" "$@"
`;

const isRoot = (): boolean => process.getuid?.() === 0;

/** Root needs no other user; who is not root becomes it in a namespace, where that is allowed. */
const unshareFlags = (): string[] => [...(isRoot() ? [] : ['--user', '--map-root-user']), '--mount', '--net', '--ipc'];

/**
 * Runs a program inside, whatever its exit code.
 *
 * @throws ReleasePlanError `tool-stalled`, `interrupted`, `tool-missing`
 */
export async function runInside(
  { root, shared }: Sandbox,
  command: readonly string[],
  options: { timeoutMs: number; signal?: AbortSignal },
): Promise<RunResult> {
  const present: string[] = [];
  for (const path of [...SHARED, ...shared]) if ((await ifPresent(stat(path))) !== undefined) present.push(path);
  return await run(
    'unshare',
    [...unshareFlags(), 'sh', '-c', SCRIPT, 'sh', isRoot() ? 'no' : 'yes', root, ...present, '--', ...command],
    {
      diesWithUs: true,
      // Nothing secret of ours is seen inside.
      env: { ...withheld(), PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TMPDIR: '/tmp', HOME: '/tmp' },
      okCodes: ANY_EXIT_CODE,
      ...options,
    },
  );
}

const withheld = (): Record<string, undefined> =>
  Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));

/** Why nothing can be run inside on this machine; undefined where it can. */
export async function whyNoSandbox(sandbox: Sandbox): Promise<string | undefined> {
  try {
    const { exitCode, stderr } = await runInside(sandbox, ['true'], { timeoutMs: 30_000 });
    if (exitCode === 0) return undefined;
    return `no mount namespaces here: ${stderr.trim().split('\n').at(-1) ?? `exit code ${exitCode}`}`;
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'tool-missing') return 'unshare is not installed here';
    throw error;
  }
}
