/** A file as multipart/form-data, read while it is sent. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { HttpBody } from './exchange.ts';

/** A body, and the content type that says where its parts end. */
export interface FormBody {
  body: HttpBody;
  contentType: string;
}

const CHUNK_BYTES = 256 * 1024;

/**
 * @param field name of the form's field
 * @param file path, name to tell the server, and size in bytes, which must be that of the file
 * @see RFC 7578
 */
export function fileForm(field: string, file: { path: string; name: string; sizeBytes: number }): FormBody {
  const boundary = `release-plan-${randomBytes(16).toString('hex')}`;
  const name = file.name.replace(/["\r\n\\]/g, '_');
  const head = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${name}"\r\n` +
      'Content-Type: application/octet-stream\r\n\r\n',
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  async function* parts(): AsyncGenerator<Uint8Array> {
    yield head;
    for await (const chunk of createReadStream(file.path, { highWaterMark: CHUNK_BYTES })) yield chunk as Uint8Array;
    yield tail;
  }
  return {
    body: { sizeBytes: head.byteLength + file.sizeBytes + tail.byteLength, open: parts },
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}
