/** Requests to one bucket: where it is, and who signs them. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AwsV4Signer } from 'aws4fetch';
import type { Report } from '../../core/events.ts';
import { serverUrl } from '../http/address.ts';
import { HttpClient, type Call } from '../http/client.ts';
import type { HttpRequest, HttpResponse } from '../http/exchange.ts';
import type { RetryPolicy } from '../http/retry.ts';
import type { S3Credentials } from './credentials.ts';

export interface BucketSettings {
  /** Whose it is, for messages. */
  what: string;
  bucket: string;
  /** Of the server; AWS's own for the region when undefined. */
  endpoint: string | undefined;
  region: string;
  /** `https://host/bucket/key` in place of `https://bucket.host/key`. */
  pathStyle: boolean;
  caFile: string | undefined;
  retries?: RetryPolicy;
}

/** Who asks. */
export interface BucketHost {
  signal: AbortSignal;
  report: Report;
}

const EMPTY_SHA256 = createHash('sha256').digest('hex');

/** Unreserved characters of RFC 3986 stay, and so do the slashes of a key. */
export const encodeKey = (key: string): string =>
  encodeURIComponent(key)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/');

/** Asks a server about one bucket. */
export class BucketRequests {
  readonly #client: HttpClient;
  readonly #root: string;

  constructor(settings: BucketSettings, credentials: S3Credentials, host: BucketHost) {
    const { bucket, endpoint = `https://s3.${settings.region}.amazonaws.com`, region, pathStyle, caFile } = settings;
    const base = serverUrl(endpoint, settings.what);
    if (!pathStyle) base.hostname = `${bucket}.${base.hostname}`;
    this.#root = pathStyle ? `/${bucket}` : '';
    this.#client = new HttpClient({
      what: settings.what,
      base,
      signal: host.signal,
      report: host.report,
      authorize: async (request) => await signed(request, credentials, region),
      ...(caFile === undefined ? {} : { caFile }),
      ...(settings.retries === undefined ? {} : { retries: settings.retries }),
    });
  }

  /**
   * Asks about an object, or with an empty key about the bucket. A body that is no bytes comes with a header that has
   * its digest.
   *
   * @throws as {@link HttpClient.call}
   */
  async call(method: Call['method'], key: string, call: Omit<Call, 'method' | 'path'>): Promise<HttpResponse> {
    const sha256 =
      call.body instanceof Uint8Array ? createHash('sha256').update(call.body).digest('hex') : EMPTY_SHA256;
    const headers = { 'x-amz-content-sha256': sha256, ...call.headers };
    return await this.#client.call({ ...call, method, path: this.#path(key), headers });
  }

  /** GetObject as it comes, once: {@link retrying} goes around it. */
  async read<T>(
    key: string,
    call: Pick<Call, 'headers' | 'also'>,
    consume: (answer: IncomingMessage) => Promise<T>,
  ): Promise<T> {
    const headers = { 'x-amz-content-sha256': EMPTY_SHA256, ...call.headers };
    return await this.#client.read({ ...call, method: 'GET', path: this.#path(key), headers }, consume);
  }

  /** @see HttpClient.retrying */
  async retrying<T>(body: () => Promise<T>): Promise<T> {
    return await this.#client.retrying(body);
  }

  #path(key: string): string {
    return `${this.#root}/${encodeKey(key)}`;
  }
}

/**
 * The signature of one request. @see
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
async function signed(
  { url, method, headers = {} }: HttpRequest,
  credentials: S3Credentials,
  region: string,
): Promise<Record<string, string>> {
  const signer = new AwsV4Signer({ method, url: url.href, headers, ...credentials, region, service: 's3' });
  const { headers: all } = await signer.sign();
  return Object.fromEntries(all.entries());
}
