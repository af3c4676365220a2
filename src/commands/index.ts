import type { RegisterCommand } from './host.ts';

/** Every command, in the order of `release-plan --help`. */
export const commands: readonly RegisterCommand[] = [];
