/** One request and its answer over node:http(s): limits in time and size, own certificates, no retry. */
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { ReleasePlanError, errnoOf, messageOf } from '../../core/errors.ts';

/** What is sent: bytes, or a stream of known length that can be begun anew for another try. */
export type HttpBody = Uint8Array | { sizeBytes: number; open(): AsyncIterable<Uint8Array> };

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  url: URL;
  headers?: Readonly<Record<string, string>>;
  body?: HttpBody;
  /** Told of the body's bytes as they leave. */
  onBytes?: (bytes: number) => void;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

export interface ExchangeLimits {
  /** PEM certificates to trust in place of the system's. */
  ca?: string;
  /** Nothing arrives or leaves for so long: given up. */
  idleTimeoutMs: number;
  /** An answer larger than this is given up. */
  maxAnswerBytes: number;
  signal?: AbortSignal;
}

/** A failure that may pass: the connection broke, or the server is busy. Never leaves io/http/. */
export class TransientFailure extends Error {
  override readonly name = 'TransientFailure';
  /** How long the server asked to wait; undefined when it did not say. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.retryAfterMs = details.retryAfterMs;
  }
}

const CHUNK_BYTES = 64 * 1024;

const agents = {
  'http:': new HttpAgent({ keepAlive: true, maxSockets: 16 }),
  'https:': new HttpsAgent({ keepAlive: true, maxSockets: 16 }),
};

/** Errors of a connection that tell of the server's certificate, or of this machine: another try gives the same. */
const PERMANENT = /^(CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|EACCES|EPERM|EMFILE)/;

/**
 * Sends a request and reads the whole answer.
 *
 * @throws TransientFailure when the connection could not be made or broke; other errors as they are
 */
export async function exchange(request: HttpRequest, limits: ExchangeLimits): Promise<HttpResponse> {
  return await stream(request, limits, async (answer) => {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer) {
      size += (chunk as Buffer).byteLength;
      if (size > limits.maxAnswerBytes)
        throw new ReleasePlanError(
          'server-answer',
          `${request.url.host} answered with more than ${limits.maxAnswerBytes} bytes`,
        );
      chunks.push(chunk as Buffer);
    }
    return { status: answer.statusCode ?? 0, headers: headersOf(answer), body: Buffer.concat(chunks) };
  });
}

/**
 * As {@link exchange}, for answers that are read as they come; `read` gets the answer, and the connection is closed
 * when it returns before the end.
 */
export async function stream<T>(
  request: HttpRequest,
  limits: ExchangeLimits,
  read: (answer: IncomingMessage) => Promise<T>,
): Promise<T> {
  limits.signal?.throwIfAborted();
  const sending = open(request, limits);
  // A server may answer, and close, before it has read the whole body: its answer counts, not the broken pipe.
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sending.once('response', resolve);
    sending.once('error', reject);
    sending.once('timeout', () => sending.destroy(new Error(`no answer for ${limits.idleTimeoutMs / 1000} s`)));
  });
  answered.catch(() => undefined);
  try {
    await Promise.race([sendBody(sending, request), answered]);
    const answer = await answered;
    const isShort = new Promise<never>((_, reject) => {
      answer.once('aborted', () => reject(new Error('the answer was cut off')));
      answer.once('error', reject);
    });
    isShort.catch(() => undefined);
    return await Promise.race([read(answer), isShort]);
  } catch (error) {
    throw limits.signal?.aborted === true ? limits.signal.reason : transient(error);
  } finally {
    sending.destroy();
  }
}

function open(request: HttpRequest, limits: ExchangeLimits): ClientRequest {
  const { url, method, headers = {}, body } = request;
  const isSecure = url.protocol === 'https:';
  const agent = limits.ca === undefined ? agents[isSecure ? 'https:' : 'http:'] : undefined;
  const length = body === undefined ? (method === 'GET' || method === 'HEAD' ? undefined : 0) : sizeOfBody(body);
  const sending = (isSecure ? httpsRequest : httpRequest)(url, {
    method,
    headers: { ...headers, ...(length === undefined ? {} : { 'content-length': String(length) }) },
    timeout: limits.idleTimeoutMs,
    ...(agent === undefined ? {} : { agent }),
    ...(limits.ca === undefined || !isSecure ? {} : { ca: limits.ca }),
    ...(limits.signal === undefined ? {} : { signal: limits.signal }),
  });
  // Errors are listened for before the first byte leaves; without a listener they would end the process.
  sending.on('error', () => undefined);
  return sending;
}

const sizeOfBody = (body: HttpBody): number => (body instanceof Uint8Array ? body.byteLength : body.sizeBytes);

async function sendBody(sending: ClientRequest, { body, onBytes }: HttpRequest): Promise<void> {
  if (body !== undefined) {
    for await (const chunk of body instanceof Uint8Array ? slices(body) : body.open()) {
      if (sending.destroyed) return;
      if (!sending.write(chunk)) await drained(sending);
      onBytes?.(chunk.byteLength);
    }
  }
  sending.end();
}

/** Small enough that progress moves and a slow line is not taken for a dead one. */
function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

async function drained(sending: ClientRequest): Promise<void> {
  await new Promise<void>((resolve) => {
    const go = (): void => {
      sending.off('drain', go);
      sending.off('close', go);
      resolve();
    };
    sending.on('drain', go);
    sending.on('close', go);
  });
}

function headersOf(answer: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

function transient(error: unknown): unknown {
  if (error instanceof ReleasePlanError || error instanceof TransientFailure) return error;
  const errno = errnoOf(error) ?? '';
  if (PERMANENT.test(errno)) return error;
  // Errors of the body's source are files that cannot be read: not the server's.
  if (errno.startsWith('E') && error instanceof Error && 'path' in error) return error;
  return new TransientFailure(messageOf(error), { cause: error });
}
