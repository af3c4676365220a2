/** Reads a fleet in a process of its own, for tests that bound its memory: COMMAND. Prints the number of devices. */
import { readFleet } from '../../src/fleet/devices/read.ts';

const { devices } = await readFleet({ command: process.argv[2] ?? '' }, { cwd: process.cwd() });
process.stdout.write(`${devices}\n`);
