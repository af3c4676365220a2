import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A program that hangs before it becomes the real one, for a minute at most, while it is told to. */
export interface Stub {
  /** PATH with the stub in front. */
  path: string;
  /** From here on the program hangs; without this it is the real one. */
  hang(): void;
  /** It becomes the real one, now and from here on. */
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
  writeFileSync(
    script,
    `#!/bin/sh\nif [ -e '${wanted}' ]; then echo $$ > '${started}.new'; mv '${started}.new' '${started}'; i=0; ` +
      `while [ -e '${wanted}' ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i+1)); done; fi\nPATH=$(printf %s "$PATH" | ` +
      `sed 's|${bin}:||'); exec ${program} "$@"\n`,
  );
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
