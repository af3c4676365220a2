import { setFlagsFromString } from 'node:v8';

/**
 * Does work that is over before V8's optimising compiler pays: it would take
 * up the parser's functions one by one just before the last of them is needed,
 * on a second core if there is an idle one, and discard what it made in vain.
 *
 * Measured with yaml 2.9.1 on Node.js 20: up to 80 KB of YAML a third of the
 * processor time is saved, and a tenth of the time even on idle cores; at 240 KB
 * a quarter would be lost. The flag only decides whether a function is handed to that compiler,
 * so that it may change at any time; Node.js without a compiler (--jitless) stays so.
 */
export function unoptimised<T>(work: () => T): T {
  setFlagsFromString('--no-opt');
  try {
    return work();
  } finally {
    setFlagsFromString('--opt');
  }
}
