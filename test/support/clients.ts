/** Debian's swupdate of several releases: the installed one, and those that scripts/swupdate-releases unpacks. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askClient, type Client } from '../../src/swu/client.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = join(ROOT, '.cache/swupdate');

export interface NamedClient extends Client {
  name: string;
}

/** One client for each release that can be had here; what cannot is said on stderr. */
export async function clients(): Promise<NamedClient[]> {
  const found: NamedClient[] = [{ name: 'installed', ...(await askClient()) }];
  for (const name of ['trixie', 'sid']) {
    const root = join(CACHE, name);
    if (!existsSync(join(root, 'complete'))) unpack(name);
    if (existsSync(join(root, 'complete'))) found.push({ name, ...(await askClient(commandIn(root))) });
  }
  return found;
}

function unpack(name: string): void {
  try {
    execFileSync(join(ROOT, 'scripts/swupdate-releases'), [name], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch {
    process.stderr.write(`swupdate of Debian ${name} is not tried: its packages cannot be had here\n`);
  }
}

/** Its own loader and libraries: those of this machine may be older. */
function commandIn(root: string): string[] {
  return [
    join(root, 'usr/lib64/ld-linux-x86-64.so.2'),
    '--library-path',
    join(root, 'usr/lib/x86_64-linux-gnu'),
    join(root, 'usr/bin/swupdate'),
  ];
}
