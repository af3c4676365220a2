/**
 * Fleets in JSON: the answer of `GET /ota/devices/` (also several pages one
 * after the other), a bare array of devices, and fioctl's factory status.
 * Read as a stream; one device at a time is in memory.
 */
import { Tokenizer, TokenParser, TokenType } from '@streamparser/json';
import { ReleasePlanError } from '../../core/errors.ts';
import { readDevice } from './device.ts';
import { readTagStatus } from './status.ts';
import type { FleetTally } from './tally.ts';

/** The lists of a document that hold rows; `wave-tags` are passed over, as fioctl does. */
const LISTS = ['devices', 'tags', 'prod-tags'];

/** No field of a device is longer, no device has more or deeper values. */
const MOST_TEXT_BYTES = 16 * 1024 * 1024;
const MOST_TOKENS = 1_000_000;
const MOST_LEVELS = 100;

/** What stands at the top: `[...]`, or `{...}` with the rows one level down. */
export type JsonShape = 'array' | 'document';

/**
 * Reads a whole JSON fleet.
 *
 * @throws ReleasePlanError `fleet-unreadable` when it is not JSON or holds no
 *   devices, `fleet-incomplete` when it is one page of several
 */
export async function readJson(
  chunks: AsyncIterable<Uint8Array>,
  shape: JsonShape,
  tally: FleetTally,
  source: string,
): Promise<void> {
  const reader = new JsonFleetReader(shape, tally, source);
  try {
    for await (const chunk of chunks) reader.write(chunk);
    reader.end();
  } catch (error) {
    if (error instanceof ReleasePlanError || reader.isReading) throw error;
    throw new ReleasePlanError('fleet-unreadable', `${source} is not complete JSON`, {
      cause: error,
      where: { file: source, line: reader.line, column: 1, isForeign: true },
    });
  }
  if (!reader.hasRows)
    throw new ReleasePlanError('fleet-unreadable', `${source} has neither devices nor tags`, {
      hint: 'Use the answer of GET /ota/devices/ or the factory status.',
    });
  if (reader.total !== undefined && reader.total > tally.rows) {
    throw new ReleasePlanError('fleet-incomplete', `${source} contains only ${tally.rows} of ${reader.total} devices`);
  }
}

class JsonFleetReader {
  readonly #tokenizer = new Tokenizer({ separator: '', stringBufferSize: 64 * 1024 });
  readonly #parser: TokenParser;
  readonly #tally: FleetTally;
  readonly #source: string;
  /** Nesting at which rows stand. */
  readonly #rowDepth: number;
  readonly #lines = new LineCounter();
  #depth = 0;
  #bytesSinceToken = 0;
  #tokensOfRow = 0;
  #rowLine = 1;
  /** The last text at the first level: the key of what opens next. */
  #text = '';
  /** The parser is at work: what is thrown then is about the input. */
  #parsing = false;
  hasRows = false;
  total: number | undefined;

  constructor(shape: JsonShape, tally: FleetTally, source: string) {
    this.#tally = tally;
    this.#source = source;
    this.#rowDepth = shape === 'array' ? 1 : 2;
    this.hasRows = shape === 'array';
    this.#parser = new TokenParser({ paths: pathsOf(shape), keepStack: false, separator: '' });
    this.#tokenizer.onToken = (token) => {
      this.#bound();
      this.#note(token.token, token.value, token.offset);
      this.#parser.write(token);
    };
    this.#parser.onValue = ({ value, key, stack }) => {
      if (stack.length === this.#rowDepth) this.#row(shape === 'array' ? 'devices' : stack[1]?.key, value);
      else if (key === 'total' && typeof value === 'number') this.total = value;
    };
  }

  get line(): number {
    return this.#rowLine;
  }

  /** Whether a failure now comes from the source of the bytes, not from their meaning. */
  get isReading(): boolean {
    return !this.#parsing;
  }

  write(chunk: Uint8Array): void {
    this.#parsing = true;
    this.#lines.enter(chunk);
    this.#tokenizer.write(chunk);
    this.#lines.leave();
    this.#bytesSinceToken += chunk.byteLength;
    if (this.#bytesSinceToken > MOST_TEXT_BYTES) throw this.#unbounded(`a text of more than ${MOST_TEXT_BYTES} bytes`);
    this.#parsing = false;
  }

  end(): void {
    this.#parsing = true;
    this.#tokenizer.end();
    this.#parser.end();
    this.#parsing = false;
  }

  /** A row is kept until it is whole: neither its texts nor their number may fill the memory. */
  #bound(): void {
    this.#bytesSinceToken = 0;
    this.#tokensOfRow = this.#depth <= this.#rowDepth ? 0 : this.#tokensOfRow + 1;
    if (this.#depth > MOST_LEVELS) throw this.#unbounded(`more than ${MOST_LEVELS} levels`);
    if (this.#tokensOfRow > MOST_TOKENS) throw this.#unbounded(`a row of more than ${MOST_TOKENS} values`);
  }

  #unbounded(what: string): ReleasePlanError {
    return new ReleasePlanError('fleet-unreadable', `${this.#source} has ${what}`, {
      where: { file: this.#source, line: this.#rowLine, column: 1, isForeign: true },
    });
  }

  /** Follows nesting, for the lines of rows and for lists without rows. */
  #note(token: TokenType, value: unknown, offset: number): void {
    if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) {
      this.#depth -= 1;
      return;
    }
    if (this.#depth === this.#rowDepth && token !== TokenType.COMMA) this.#rowLine = this.#lines.lineAt(offset);
    if (this.#depth === 1 && token === TokenType.STRING) this.#text = String(value);
    if (this.#depth === 1 && token === TokenType.LEFT_BRACKET && LISTS.includes(this.#text)) this.hasRows = true;
    if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) this.#depth += 1;
  }

  #row(list: unknown, row: unknown): void {
    if (list === 'devices') {
      const device = readDevice(row);
      if ('problem' in device) this.#tally.addBad(device.problem, this.#rowLine);
      else this.#tally.addDevice(device, this.#rowLine);
    } else if (list === 'tags' || list === 'prod-tags') {
      const problem = readTagStatus(row, this.#tally);
      if (problem !== undefined) this.#tally.addBad(problem, this.#rowLine);
    }
  }
}

/** Only rows and the total: a list that is asked for itself would be kept whole. */
const pathsOf = (shape: JsonShape): string[] =>
  shape === 'array' ? ['$.*'] : [...LISTS.map((list) => `$.${list}.*`), '$.total'];

/** Turns rising byte offsets in a stream into line numbers, in one pass over its bytes. */
class LineCounter {
  #chunk: Uint8Array = new Uint8Array();
  #chunkStart = 0;
  /** Up to here, within the chunk, lines are counted. */
  #counted = 0;
  #line = 1;

  enter(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#counted = 0;
  }

  lineAt(offset: number): number {
    const end = Math.min(offset - this.#chunkStart, this.#chunk.length);
    for (let at = this.#chunk.indexOf(10, this.#counted); at !== -1 && at < end; at = this.#chunk.indexOf(10, at + 1)) {
      this.#line += 1;
      this.#counted = at + 1;
    }
    this.#counted = Math.max(this.#counted, end);
    return this.#line;
  }

  leave(): void {
    this.lineAt(this.#chunkStart + this.#chunk.length);
    this.#chunkStart += this.#chunk.length;
  }
}
