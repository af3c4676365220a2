import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Program } from './measure.ts';

const LAUNCHER = fileURLToPath(new URL('../src/bin.js', import.meta.url));

/** release-plan itself as a user starts it: the whole process is measured, with the start of Node.js. */
export const releasePlan = (...args: string[]): Program => ({ command: process.execPath, args: [LAUNCHER, ...args] });

/** Any other program. */
export const program = (command: string, ...args: string[]): Program => ({ command, args });

/** Whether a program can be started here, whatever it says then. */
export const isInstalled = (command: string): boolean =>
  spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
