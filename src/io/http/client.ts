/** A server's API: where it is, how to prove who asks, what counts as an answer, and when to try again. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Report } from '../../core/events.ts';
import { printable } from '../../text/printable.ts';
import { below, serverUrl } from './address.ts';
import {
  exchange,
  stream,
  TransientFailure,
  type ExchangeLimits,
  type HttpBody,
  type HttpRequest,
  type HttpResponse,
} from './exchange.ts';
import { DEFAULT_RETRIES, retryAfterMs, withRetries, type RetryPolicy } from './retry.ts';

export interface ClientOptions {
  /** The server in words, for messages: `destination field`. */
  what: string;
  base: URL;
  /** PEM file of the certificates to trust in place of the system's. */
  caFile?: string;
  /** Makes the headers that prove who asks, for one request. */
  authorize?: (request: HttpRequest) => Promise<Readonly<Record<string, string>>>;
  signal: AbortSignal;
  report: Report;
  retries?: RetryPolicy;
  idleTimeoutMs?: number;
}

/** One call of an API. */
export interface Call {
  method: HttpRequest['method'];
  /** Below the base; parts are encoded already. */
  path: string;
  query?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  body?: HttpBody;
  onBytes?: (bytes: number) => void;
  /** Statuses beside 2xx that are an answer and no failure. */
  also?: readonly number[];
}

/** Statuses that may pass: too early, too much, and the server or what stands before it in trouble. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 5;
const IDLE_TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Of a server's own words, in a message. */
const WORDS_SHOWN = 300;

/** Calls a server's API. Retries what may pass; what it throws is for a user to read. */
export class HttpClient {
  readonly #options: ClientOptions;
  #ca: Promise<string> | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Whom it talks to, for messages. */
  get what(): string {
    return this.#options.what;
  }

  /**
   * Makes a call that may be made twice without harm.
   *
   * @throws ReleasePlanError `server-unreachable`, `server-denied`, `server-answer`; the signal's reason
   */
  async call(call: Call): Promise<HttpResponse> {
    return await this.retrying(async () => await this.once(call));
  }

  /** As {@link call}, with the answer parsed as JSON. */
  async json(call: Call): Promise<unknown> {
    return jsonOf(await this.call(withAccept(call)), this.what);
  }

  /**
   * Runs calls that belong together, again from the first when one of them fails for a reason that may pass. For calls
   * that must not be made twice blindly: look, and only then make.
   *
   * @throws as {@link call}
   */
  async retrying<T>(body: () => Promise<T>): Promise<T> {
    const { what, signal, report, retries = DEFAULT_RETRIES } = this.#options;
    try {
      return await withRetries(
        retries,
        signal,
        (failure, pauseMs) =>
          report({
            type: 'note',
            message: `${what}: ${failure.message}; trying again in ${(pauseMs / 1000).toFixed(1)} s`,
          }),
        body,
      );
    } catch (error) {
      if (!(error instanceof TransientFailure)) throw error;
      throw new ReleasePlanError('server-unreachable', `${what}: ${error.message}`, { cause: error });
    }
  }

  /** One try. @throws TransientFailure, to be caught by {@link retrying} around it; else as {@link call} */
  async once(call: Call): Promise<HttpResponse> {
    let request = this.#request(call);
    for (let hops = 0; ; hops += 1) {
      const answer = await this.#explained(
        async () => await exchange(await this.#authorized(request), await this.#limits()),
      );
      const next = hops < MAX_REDIRECTS ? this.#redirect(request, answer.status, answer.headers.location) : undefined;
      if (next === undefined) return this.#checked(call, answer);
      request = next;
    }
  }

  /** As {@link once}, reading the answer as it comes. */
  async read<T>(call: Call, consume: (answer: IncomingMessage) => Promise<T>): Promise<T> {
    let request = this.#request(call);
    for (let hops = 0; ; hops += 1) {
      const limits = await this.#limits();
      const authorized = await this.#authorized(request);
      const result = await this.#explained(
        async () =>
          await stream(authorized, limits, async (answer): Promise<{ next: HttpRequest } | { value: T }> => {
            const status = answer.statusCode ?? 0;
            const next = hops < MAX_REDIRECTS ? this.#redirect(request, status, answer.headers.location) : undefined;
            if (next !== undefined) return { next };
            this.#checked(call, { status, headers: {}, body: Buffer.alloc(0) }, answer.headers['retry-after']);
            return { value: await consume(answer) };
          }),
      );
      if ('value' in result) return result.value;
      request = result.next;
    }
  }

  #request({ method, path, query, headers, body, onBytes }: Call): HttpRequest {
    return {
      method,
      url: below(this.#options.base, path, query),
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
      ...(onBytes === undefined ? {} : { onBytes }),
    };
  }

  /** Credentials are for the server that the plan names, and for nobody that it points to. */
  async #authorized(request: HttpRequest): Promise<HttpRequest> {
    const { authorize, base } = this.#options;
    if (authorize === undefined || request.url.origin !== base.origin) return request;
    return { ...request, headers: { ...request.headers, ...(await authorize(request)) } };
  }

  #redirect(request: HttpRequest, status: number, location: string | undefined): HttpRequest | undefined {
    if (!REDIRECTS.has(status) || location === undefined) return undefined;
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
    return { ...request, url: serverUrl(new URL(location, request.url).href, `${this.what}, redirected`) };
  }

  async #limits(): Promise<ExchangeLimits> {
    const { caFile, idleTimeoutMs = IDLE_TIMEOUT_MS, signal } = this.#options;
    this.#ca ??= caFile === undefined ? undefined : readFile(caFile, 'utf8');
    return {
      idleTimeoutMs,
      maxAnswerBytes: MAX_ANSWER_BYTES,
      signal,
      ...(this.#ca === undefined ? {} : { ca: await this.#ca }),
    };
  }

  /** What a connection says of certificates, as an error for a user. */
  async #explained<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (!/CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|TLS|SSL/.test(code)) throw error;
      throw new ReleasePlanError('server-untrusted', `${this.what}: ${(error as Error).message} (${code})`, {
        cause: error,
      });
    }
  }

  #checked(call: Call, answer: HttpResponse, retryAfter = answer.headers['retry-after']): HttpResponse {
    const { status } = answer;
    if ((status >= 200 && status < 300) || call.also?.includes(status) === true) return answer;
    const said = wordsOf(answer);
    const message = `${call.method} ${call.path} was answered with ${status}${said === '' ? '' : `: ${said}`}`;
    if (PASSING.has(status)) {
      const asked = retryAfterMs(retryAfter, Date.now());
      throw new TransientFailure(message, asked === undefined ? {} : { retryAfterMs: asked });
    }
    throw new ReleasePlanError(
      status === 401 || status === 403 ? 'server-denied' : 'server-answer',
      `${this.what}: ${message}`,
    );
  }
}

const withAccept = (call: Call): Call => ({ ...call, headers: { accept: 'application/json', ...call.headers } });

/** @throws ReleasePlanError `server-answer` when it is not JSON */
export function jsonOf(answer: HttpResponse, what: string): unknown {
  try {
    return JSON.parse(answer.body.toString('utf8')) as unknown;
  } catch (error) {
    throw new ReleasePlanError('server-answer', `${what} answered with something that is not JSON`, { cause: error });
  }
}

/** What a server says of a failure, short and printable. */
function wordsOf({ body }: HttpResponse): string {
  const text = printable(body.toString('utf8').replace(/\s+/g, ' ').trim());
  return text.length > WORDS_SHOWN ? `${text.slice(0, WORDS_SHOWN)}...` : text;
}
