/** What is asked of one bucket by S3's API: objects, uploads in parts, conditional writes. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { sizeOf } from '../hash.ts';
import type { HttpBody } from '../http/exchange.ts';
import { encodeKey, type BucketRequests } from './requests.ts';
import { elements, textOf } from './xml.ts';

/** What HEAD says of an object. */
export interface ObjectHead {
  sizeBytes: number;
  /** Without quotes. */
  etag: string | undefined;
  /** As we gave it when we wrote it. */
  sha256: string | undefined;
  /** By the server's clock, in milliseconds of the epoch; NaN when it does not say. */
  modifiedAtMs: number;
  /** When it answered, as {@link modifiedAtMs}. */
  answeredAtMs: number;
}

/** An upload in parts that was begun and not ended. */
export interface UnfinishedUpload {
  key: string;
  uploadId: string;
  /** As {@link ObjectHead.modifiedAtMs}. */
  begunAtMs: number;
}

/** What a listing says of an object. */
export interface ListedObject {
  key: string;
  sizeBytes: number;
  /** Without quotes. */
  etag: string | undefined;
  /** By the server's clock, in milliseconds of the epoch; NaN when it does not say. */
  modifiedAtMs: number;
}

export interface UploadedPart {
  /** From 1. */
  number: number;
  sizeBytes: number;
  /** Without quotes. */
  etag: string;
}

/** A body with the digest that is signed, so that the server refuses what arrives otherwise. */
export interface SignedBody {
  body: HttpBody;
  /** 64 hex digits. */
  sha256: string;
}

const SHA256_HEADER = 'x-amz-meta-sha256';
const PARTIAL = 206;
/** Range not satisfiable. */
const RANGE_BEYOND = 416;
/** Somebody else wrote in between; 409 is AWS's word for two conditional writes at once. */
const LOST_RACE: readonly number[] = [409, 412];

/** Answers of servers that do not know an operation, and of those without what was asked for. */
const UNSUPPORTED: readonly number[] = [400, 404, 405, 501];

const unquoted = (etag: string | undefined): string | undefined => etag?.replace(/^W\//, '').replaceAll('"', '');

/**
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/ (each method names its operation)
 */
export class Bucket {
  /** For people: `s3://bucket`. */
  readonly address: string;
  readonly #name: string;
  readonly #requests: BucketRequests;

  constructor(bucket: string, requests: BucketRequests) {
    this.address = `s3://${bucket}`;
    this.#name = bucket;
    this.#requests = requests;
  }

  /** HeadObject. */
  async head(key: string): Promise<ObjectHead | undefined> {
    const answer = await this.#requests.call('HEAD', key, { also: [404] });
    if (answer.status === 404) return undefined;
    return {
      sizeBytes: Number(answer.headers['content-length']),
      etag: unquoted(answer.headers.etag),
      sha256: answer.headers[SHA256_HEADER],
      modifiedAtMs: Date.parse(answer.headers['last-modified'] ?? ''),
      answeredAtMs: Date.parse(answer.headers.date ?? ''),
    };
  }

  /** GetObject, for what is small. */
  async get(key: string): Promise<{ bytes: Buffer; etag: string | undefined } | undefined> {
    const answer = await this.#requests.call('GET', key, { also: [404] });
    return answer.status === 404 ? undefined : { bytes: answer.body, etag: unquoted(answer.headers.etag) };
  }

  /** GetObject, digested as it comes. @returns sha256, 64 hex digits; undefined when there is none */
  async digest(key: string, onBytes: (bytes: number) => void = () => undefined): Promise<string | undefined> {
    return await this.#requests.retrying(async () => {
      const hash = createHash('sha256');
      return await this.#requests.read(key, { also: [404] }, async (answer) => {
        if (answer.statusCode === 404) return undefined;
        for await (const chunk of answer) {
          hash.update(chunk as Uint8Array);
          onBytes((chunk as Uint8Array).byteLength);
        }
        return hash.digest('hex');
      });
    });
  }

  /**
   * PutObject.
   *
   * @param meta headers: content-type, cache-control
   * @returns its ETag without quotes
   */
  async put(
    key: string,
    { body, sha256 }: SignedBody,
    meta: Readonly<Record<string, string>>,
    onBytes?: (bytes: number) => void,
  ): Promise<string | undefined> {
    const headers = { ...meta, [SHA256_HEADER]: sha256, 'x-amz-content-sha256': sha256 };
    const answer = await this.#requests.call('PUT', key, {
      headers,
      body,
      ...(onBytes === undefined ? {} : { onBytes }),
    });
    return unquoted(answer.headers.etag);
  }

  /**
   * PutObject, on condition that the object is still the one with this ETag, or that there is none.
   *
   * @returns false when somebody else wrote it
   */
  async putIf(
    key: string,
    { body, sha256 }: SignedBody,
    meta: Readonly<Record<string, string>>,
    etag: string | undefined,
  ): Promise<boolean> {
    const condition: Record<string, string> =
      etag === undefined ? { 'if-none-match': '*' } : { 'if-match': `"${etag}"` };
    const headers = { ...meta, ...condition, 'x-amz-content-sha256': sha256 };
    const answer = await this.#requests.call('PUT', key, { headers, body, also: [...LOST_RACE, 404, 501] });
    // Servers that know no conditional writes say so, or ignore the header.
    if (answer.status === 501)
      await this.#requests.call('PUT', key, { headers: { ...meta, 'x-amz-content-sha256': sha256 }, body });
    return !LOST_RACE.includes(answer.status) && answer.status !== 404;
  }

  /**
   * GetObject into a file, going on behind what it holds already; so does every try after a connection that broke.
   *
   * @param onBytes told of bytes that came
   * @returns false when there is no such object
   */
  async download(key: string, path: string, onBytes: (bytes: number) => void): Promise<boolean> {
    // A connection that breaks ends a try before its last bytes are written: two must not write at once.
    let writing: Promise<void> | undefined;
    const written = async (): Promise<void> => await writing?.catch(() => undefined);
    const attempt = async (): Promise<boolean> => {
      await written();
      const sizeBytes = (await sizeOf(path)) ?? 0;
      const headers: Record<string, string> = sizeBytes === 0 ? {} : { range: `bytes=${sizeBytes}-` };
      return await this.#requests.read(key, { headers, also: [404, RANGE_BEYOND] }, async (answer) => {
        const { statusCode } = answer;
        if (statusCode === 404) return false;
        // As long as the object or longer: the digest tells which.
        if (statusCode === RANGE_BEYOND) return true;
        writing = writeTo(path, answer, statusCode === PARTIAL ? 'a' : 'w', onBytes);
        await writing;
        return true;
      });
    };
    try {
      return await this.#requests.retrying(attempt);
    } finally {
      await written();
    }
  }

  /**
   * What the server's clock says, in milliseconds of the epoch; undefined when its answers have no date.
   *
   * @param prefix of some keys: listing a whole bucket may be refused, or take long
   */
  async clockMs(prefix: string): Promise<number | undefined> {
    const query = { 'list-type': '2', prefix, 'max-keys': '1' };
    const { headers } = await this.#requests.call('GET', '', { query });
    const date = Date.parse(headers.date ?? '');
    return Number.isNaN(date) ? undefined : date;
  }

  /** ListObjectsV2, all pages: objects whose key begins so. */
  async *list(prefix: string): AsyncGenerator<ListedObject> {
    for (let token: string | undefined; ;) {
      const query = { 'list-type': '2', prefix, ...(token === undefined ? {} : { 'continuation-token': token }) };
      const xml = (await this.#requests.call('GET', '', { query })).body.toString('utf8');
      for (const one of elements(xml, 'Contents'))
        yield {
          key: textOf(one, 'Key') ?? '',
          sizeBytes: Number(textOf(one, 'Size')),
          etag: unquoted(textOf(one, 'ETag')),
          modifiedAtMs: Date.parse(textOf(one, 'LastModified') ?? ''),
        };
      token = textOf(xml, 'NextContinuationToken');
      if (textOf(xml, 'IsTruncated') !== 'true' || token === undefined) return;
    }
  }

  /** DeleteObject. */
  async remove(key: string): Promise<void> {
    await this.#requests.call('DELETE', key, { also: [404] });
  }

  /** CreateMultipartUpload. @returns the upload's id */
  async beginUpload(key: string, sha256: string, meta: Readonly<Record<string, string>>): Promise<string> {
    const headers = { ...meta, [SHA256_HEADER]: sha256 };
    const answer = await this.#requests.call('POST', key, { query: { uploads: '' }, headers });
    return textOf(answer.body.toString('utf8'), 'UploadId') ?? '';
  }

  /** ListMultipartUploads, all pages: of keys that begin so; none when the server cannot list. */
  async allUnfinished(prefix: string): Promise<UnfinishedUpload[]> {
    const found: UnfinishedUpload[] = [];
    for (let marker: Record<string, string> = {}; ;) {
      const query = { uploads: '', prefix, ...marker };
      const answer = await this.#requests.call('GET', '', { query, also: UNSUPPORTED });
      if (answer.status !== 200) return found;
      const xml = answer.body.toString('utf8');
      for (const one of elements(xml, 'Upload'))
        found.push({
          key: textOf(one, 'Key') ?? '',
          uploadId: textOf(one, 'UploadId') ?? '',
          begunAtMs: Date.parse(textOf(one, 'Initiated') ?? ''),
        });
      const [key, id] = [textOf(xml, 'NextKeyMarker'), textOf(xml, 'NextUploadIdMarker')];
      if (textOf(xml, 'IsTruncated') !== 'true' || key === undefined) return found;
      marker = { 'key-marker': key, ...(id === undefined ? {} : { 'upload-id-marker': id }) };
    }
  }

  /**
   * CopyObject of an object onto itself, which makes it new by the server's clock.
   *
   * @returns false when there is none, or the server does not do that (AWS: of more than 5 GiB)
   */
  async copyOntoItself(key: string, sha256: string, meta: Readonly<Record<string, string>>): Promise<boolean> {
    const headers = {
      ...meta,
      [SHA256_HEADER]: sha256,
      'x-amz-copy-source': `/${this.#name}/${encodeKey(key)}`,
      'x-amz-metadata-directive': 'REPLACE',
    };
    const answer = await this.#requests.call('PUT', key, { headers, also: UNSUPPORTED });
    // AWS may say 200 first and then what went wrong.
    return answer.status === 200 && textOf(answer.body.toString('utf8'), 'ETag') !== undefined;
  }

  /** ListMultipartUploads: ids of the unfinished uploads of a key, newest first; none when the server cannot list. */
  async unfinished(key: string): Promise<string[]> {
    const found = (await this.allUnfinished(key)).filter((one) => one.key === key && one.uploadId !== '');
    return found.toSorted((a, b) => b.begunAtMs - a.begunAtMs).map(({ uploadId }) => uploadId);
  }

  /** ListParts, all pages; undefined when the server has no such upload or cannot list. */
  async parts(key: string, uploadId: string): Promise<UploadedPart[] | undefined> {
    const parts: UploadedPart[] = [];
    for (let marker = '0'; ;) {
      const query = { uploadId, 'part-number-marker': marker };
      const answer = await this.#requests.call('GET', key, { query, also: UNSUPPORTED });
      if (answer.status !== 200) return undefined;
      const xml = answer.body.toString('utf8');
      for (const part of elements(xml, 'Part'))
        parts.push({
          number: Number(textOf(part, 'PartNumber')),
          sizeBytes: Number(textOf(part, 'Size')),
          etag: unquoted(textOf(part, 'ETag')) ?? '',
        });
      const next = textOf(xml, 'NextPartNumberMarker');
      if (textOf(xml, 'IsTruncated') !== 'true' || next === undefined || next === marker) return parts;
      marker = next;
    }
  }

  /** UploadPart. @returns its ETag without quotes */
  async putPart(
    key: string,
    uploadId: string,
    number: number,
    { body, sha256 }: SignedBody,
    onBytes: (bytes: number) => void,
  ): Promise<string> {
    const query = { partNumber: String(number), uploadId };
    const headers = { 'x-amz-content-sha256': sha256 };
    const answer = await this.#requests.call('PUT', key, { query, headers, body, onBytes });
    return unquoted(answer.headers.etag) ?? '';
  }

  /** CompleteMultipartUpload. @returns the object's ETag without quotes, when the server says it */
  async finishUpload(
    key: string,
    uploadId: string,
    parts: readonly Pick<UploadedPart, 'number' | 'etag'>[],
  ): Promise<string | undefined> {
    const listed = parts.map(
      ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>&quot;${etag}&quot;</ETag></Part>`,
    );
    const body = Buffer.from(`<CompleteMultipartUpload>${listed.join('')}</CompleteMultipartUpload>`);
    // Asked again after a lost answer, the server knows the upload no more: the object's head decides.
    const answer = await this.#requests.call('POST', key, { query: { uploadId }, body, also: [404] });
    return unquoted(textOf(answer.body.toString('utf8'), 'ETag'));
  }

  /** AbortMultipartUpload. */
  async abandon(key: string, uploadId: string): Promise<void> {
    await this.#requests.call('DELETE', key, { query: { uploadId }, also: [404] });
  }
}

async function writeTo(
  path: string,
  answer: IncomingMessage,
  flags: 'a' | 'w',
  onBytes: (bytes: number) => void,
): Promise<void> {
  const handle = await open(path, flags, 0o644);
  try {
    for await (const chunk of answer) {
      await handle.writeFile(chunk as Buffer);
      onBytes((chunk as Buffer).byteLength);
    }
  } finally {
    await handle.close();
  }
}
