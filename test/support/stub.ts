import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A program that hangs in place of a real one, while it is told to. */
export interface Stub {
  /** PATH with the stub in front. */
  path: string;
  /** From here on the program hangs; without this it is the real one. */
  hang(): void;
  /** It is the real one again. */
  free(): void;
  /** Whether it hangs now: its pid. */
  pid(): number | undefined;
}

/** @param dir where it is made */
export function stub(dir: string, program: string): Stub {
  const bin = join(dir, `stub-${program}`);
  mkdirSync(bin, { recursive: true });
  const [wanted, started] = [join(bin, 'hang'), join(bin, 'pid')];
  const script = join(bin, program);
  writeFileSync(script, `#!/bin/sh\nif [ -e '${wanted}' ]; then echo $$ > '${started}.new'; mv '${started}.new' '${started}'; exec sleep 60; fi\nPATH=$(printf %s "$PATH" | sed 's|${bin}:||'); exec ${program} "$@"\n`);
  chmodSync(script, 0o755);
  return {
    path: `${bin}:${process.env.PATH}`,
    hang: () => writeFileSync(wanted, ''),
    free: () => {
      rmSync(wanted, { force: true });
      rmSync(started, { force: true });
    },
    pid: () => (existsSync(started) ? Number(readFileSync(started, 'utf8')) : undefined),
  };
}
