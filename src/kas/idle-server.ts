/** A BitBake server that stays after its build, as BB_SERVER_TIMEOUT asks it to, holds bitbake.lock. */
import { readFile, readdir, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { descendantsOf, listProcesses, type ProcessInfo } from './processes.ts';

/**
 * Whether a server has nothing to do: no client is connected to its socket and
 * no worker runs its tasks. One whose client was killed builds on without one.
 *
 * @see BitBake 2.8, lib/bb/server/process.py
 */
export async function isIdle(server: ProcessInfo): Promise<boolean> {
  if (await hasClient(server.pid)) return false;
  const family = descendantsOf([server.pid], await listProcesses());
  return !family.some(({ args }) => args.slice(0, 3).some((one) => basename(one) === 'bitbake-worker'));
}

/** Connected sockets in /proc/net/unix have state 03; those that a server accepted bear its own name. */
const CONNECTED = '03';

async function hasClient(pid: number): Promise<boolean> {
  const table = await readFile('/proc/net/unix', 'utf8').catch(() => '');
  const connected = new Set(
    table
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[5] === CONNECTED && basename(fields[7] ?? '') === 'bitbake.sock')
      .map((fields) => `socket:[${fields[6]}]`),
  );
  const folder = `/proc/${pid}/fd`;
  const open = await Promise.all(
    (await readdir(folder).catch(() => [])).map((one) => readlink(`${folder}/${one}`).catch(() => '')),
  );
  return open.some((one) => connected.has(one));
}
