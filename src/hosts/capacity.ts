import { availableParallelism, freemem } from 'node:os';
import type { Capacity } from './pool.ts';

/** Left for everything else on the machine. */
const RESERVE_BYTES = 500_000_000;

/** What a machine has. */
export interface Machine {
  cores: number;
  /** Memory that a program can still take. */
  freeBytes: number;
}

/**
 * How many steps to run at once: one for each processor, and while one uses none, another, as far as memory goes. Pure.
 *
 * @param wanted a number that the user gives, which is taken as it is
 */
export const capacityOf = (wanted: number | undefined, machine: Machine = thisMachine()): Capacity =>
  wanted === undefined
    ? { jobs: machine.cores, countsIdle: true, memoryBytes: Math.max(0, machine.freeBytes - RESERVE_BYTES) }
    : { jobs: wanted, memoryBytes: Infinity };

/** Within the limits of a container, where there are any. */
const thisMachine = (): Machine => ({
  cores: availableParallelism(),
  freeBytes: Math.min(freemem(), process.availableMemory?.() ?? Infinity),
});
