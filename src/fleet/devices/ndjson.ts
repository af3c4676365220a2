import { parseJson } from '../../text/parse-json.ts';
import { readDevice } from './device.ts';
import { linesOf } from './lines.ts';
import type { FleetTally } from './tally.ts';

/** Reads one device per line. A line that is not JSON is one bad row; the others count. */
export async function readNdjson(chunks: AsyncIterable<string>, tally: FleetTally): Promise<void> {
  for await (const { text, line } of linesOf(chunks)) {
    if (text.trim() === '') continue;
    const device = readDevice(parseLine(text));
    if ('problem' in device) tally.addBad(device.problem, line);
    else tally.addDevice(device, line);
  }
}

function parseLine(text: string): unknown {
  const parsed = parseJson(text);
  // Not a device, whatever it says: readDevice words the problem.
  return 'problem' in parsed ? undefined : parsed.value;
}
