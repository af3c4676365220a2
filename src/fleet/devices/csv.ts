import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { closest, distance } from 'fastest-levenshtein';
import { ReleasePlanError } from '../../core/errors.ts';
import { DEVICE_FIELDS, readDevice } from './device.ts';
import type { FleetTally } from './tally.ts';

/** Longest row in characters: an unclosed quote must not swallow a file. */
const MAX_ROW_CHARS = 64 * 1024;

/** Columns without which no row could say what its device runs. */
const REQUIRED_ANY = [['uuid', 'name'], ['tag'], ['target-name', 'version', 'ostree-hash']] as const;

interface CsvRow {
  record: Record<string, string>;
  info: { lines: number };
}

/**
 * Reads a table with a header row of the field names of `GET /ota/devices/`;
 * other columns are passed over.
 *
 * @throws ReleasePlanError `fleet-unreadable` when a needed column is missing
 */
export async function readCsv(chunks: AsyncIterable<string>, tally: FleetTally, source: string): Promise<void> {
  const parser = parse({
    bom: true,
    columns: (header: string[]) => checkHeader(header, source),
    info: true,
    relax_column_count: false,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: MAX_ROW_CHARS,
    trim: true,
  });
  parser.on('skip', (error: unknown) =>
    tally.addBad(
      `is not a valid row${error instanceof CsvError ? ` (${error.code})` : ''}`,
      lineOf(error, parser.info.lines),
    ),
  );
  const input = Readable.from(chunks);
  input.on('error', (error) => parser.destroy(error));
  for await (const row of input.pipe(parser) as AsyncIterable<CsvRow>) {
    const device = readDevice(row.record);
    if ('problem' in device) tally.addBad(device.problem, row.info.lines);
    else tally.addDevice(device, row.info.lines);
  }
}

const lineOf = (error: unknown, otherwise: number): number =>
  error instanceof CsvError && typeof error.lines === 'number' ? error.lines : otherwise;

function checkHeader(header: string[], source: string): string[] {
  const names = header.map((name) => name.trim());
  for (const group of REQUIRED_ANY) {
    if (group.some((name) => names.includes(name))) continue;
    const wanted = group[group.length - 1] ?? '';
    // Counted, not quoted: the file may be anything that this user can read.
    const near = names.length === 0 ? '' : closest(wanted, names);
    const guess = near !== '' && distance(near, wanted) <= 3 ? ` Is column ${names.indexOf(near) + 1} meant?` : '';
    throw new ReleasePlanError('fleet-unreadable', `${source} has no column ${group.join(' or ')}`, {
      hint: `The first row has to name the columns: ${DEVICE_FIELDS.join(', ')}.${guess}`,
      where: { file: source, line: 1, column: 1, isForeign: true },
    });
  }
  return names;
}
