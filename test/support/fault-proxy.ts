/** Stands between clients and a server on 127.0.0.1 and breaks what it is told to break. */
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What goes wrong, for the next requests that match. */
export interface Fault {
  /** On `METHOD /path?query`. */
  match: RegExp;
  /** Only requests from this address. */
  from?: string;
  /** How many requests it befalls; the rest pass. */
  times: number;
  how: FaultKind;
}

export type FaultKind =
  /** The connection breaks when so many bytes of the request have come. */
  | { kind: 'cut'; afterBytes: number }
  /** Only so many bytes of the request are taken, and no answer is given. */
  | { kind: 'stall'; afterBytes: number }
  /** The server did it, and the answer is lost. */
  | { kind: 'lose-answer' }
  /** The connection breaks when so many bytes of the answer have left. */
  | { kind: 'cut-answer'; afterBytes: number }
  /** An answer in the server's place. */
  | { kind: 'answer'; status: number; headers?: Record<string, string>; body?: string }
  /** The answer comes late. */
  | { kind: 'slow'; delayMs: number }
  /** A byte of the request's body arrives otherwise; the digests in its headers stay. */
  | { kind: 'flip'; atByte: number };

/** One request as it arrived. */
export interface Seen {
  /** `METHOD /path?query`. */
  what: string;
  /** The client's address. */
  from: string;
  headers: IncomingMessage['headers'];
  /** Bytes of its body. */
  bytes: number;
  /** Bytes of the answer's body. */
  answeredBytes: number;
  status: number | undefined;
}

export interface FaultProxy {
  url: string;
  seen: Seen[];
  faults: Fault[];
  stop(): Promise<void>;
}

/** Where a proxy listens. */
export interface ProxyPlace {
  address?: string;
  /** PEM: it speaks TLS. */
  tls?: { key: string; cert: string };
}

/** Starts a proxy before a server. */
export async function startFaultProxy(upstream: string, place: ProxyPlace = {}): Promise<FaultProxy> {
  const { address = '127.0.0.1', tls } = place;
  const seen: Seen[] = [];
  const faults: Fault[] = [];
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const what = `${incoming.method} ${incoming.url}`;
    const from = incoming.socket.remoteAddress ?? '';
    const fault = faults.find(
      (one) => one.times > 0 && one.match.test(what) && (one.from === undefined || one.from === from),
    );
    if (fault !== undefined) fault.times -= 1;
    const record: Seen = { what, from, headers: incoming.headers, bytes: 0, answeredBytes: 0, status: undefined };
    seen.push(record);
    pass(new URL(upstream), incoming, outgoing, record, fault?.how);
  };
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${address}:${port}`,
    seen,
    faults,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function pass(
  upstream: URL,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  record: Seen,
  how: FaultKind | undefined,
): void {
  if (how?.kind === 'answer') {
    incoming.resume();
    incoming.once('end', () => outgoing.writeHead(how.status, how.headers).end(how.body ?? ''));
    record.status = how.status;
    return;
  }
  const { method, url: path, headers } = incoming;
  const onward = request({ host: upstream.hostname, port: upstream.port, method, path, headers }, (answer) => {
    record.status = answer.statusCode;
    if (how?.kind === 'lose-answer') {
      answer.resume();
      answer.once('end', () => incoming.socket.destroy());
      return;
    }
    setTimeout(
      () => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        if (how?.kind === 'cut-answer') return cutAfter(how.afterBytes, answer, outgoing);
        answer.on('data', (chunk: Buffer) => (record.answeredBytes += chunk.byteLength));
        answer.pipe(outgoing);
      },
      how?.kind === 'slow' ? how.delayMs : 0,
    );
  });
  onward.on('error', () => incoming.socket.destroy());
  incoming.on('data', (chunk: Buffer) => {
    const start = record.bytes;
    record.bytes += chunk.byteLength;
    if (how?.kind === 'cut' && record.bytes >= how.afterBytes) {
      onward.destroy();
      incoming.socket.destroy();
      return;
    }
    if (how?.kind === 'stall' && record.bytes >= how.afterBytes) {
      incoming.pause();
      return;
    }
    onward.write(how?.kind === 'flip' ? flipped(chunk, how.atByte - start) : chunk);
  });
  incoming.once('end', () => onward.end());
  incoming.once('close', () => void (incoming.complete || onward.destroy()));
}

function cutAfter(afterBytes: number, answer: IncomingMessage, outgoing: ServerResponse): void {
  let left = afterBytes;
  answer.on('data', (chunk: Buffer) => {
    if (left <= 0) return;
    const part = chunk.subarray(0, left);
    left -= part.byteLength;
    outgoing.write(part, () => void (left <= 0 && outgoing.socket?.end()));
  });
  answer.once('end', () => outgoing.socket?.end());
}

function flipped(chunk: Buffer, at: number): Buffer {
  const copy = Buffer.from(chunk);
  if (at >= 0 && at < copy.byteLength) copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}
