import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createPlain, type RequestListener } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { below, serverUrl } from '../../../src/io/http/address.ts';
import { HttpClient, type ClientOptions } from '../../../src/io/http/client.ts';
import type { ReleaseEvent } from '../../../src/core/events.ts';
import { failureOf } from '../../support/failure.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('http client');

const servers: Server[] = [];
test.after(() => {
  for (const server of servers) server.close();
});

async function serve(listener: RequestListener, tls?: { key: Buffer; cert: Buffer }): Promise<URL> {
  const server = tls === undefined ? createPlain(listener) : createSecure(tls, listener);
  servers.push(server);
  server.keepAliveTimeout = 1;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new URL(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const events: ReleaseEvent[] = [];
const client = (base: URL, more: Partial<ClientOptions> = {}): HttpClient =>
  new HttpClient({
    what: 'the server',
    base,
    signal: new AbortController().signal,
    report: (event) => void events.push(event),
    retries: { attempts: 3, firstPauseMs: 1, maxPauseMs: 5000 },
    ...more,
  });

test('an address is https, or of this machine, and holds no password', async () => {
  const cases: Array<[address: string, code: string | undefined]> = [
    ['https://updates.example/api', undefined],
    ['http://127.0.0.1:8080', undefined],
    ['http://localhost/', undefined],
    ['http://[::1]:80', undefined],
    ['http://updates.example', 'server-insecure'],
    ['http://127.0.0.1.example', 'server-insecure'],
    ['http://localhost.example', 'server-insecure'],
    ['ftp://updates.example', 'server-address'],
    ['updates.example', 'server-address'],
    ['https://ci:secret@updates.example', 'server-address'],
  ];
  for (const [address, code] of cases) {
    const found = await failureOf(async () => serverUrl(address, 'x')).catch(() => undefined);
    assert.is(found?.code, code, address);
    assert.not(found?.message.includes('secret'));
  }
});

test('a word is no address', async () => {
  assert.is((await failureOf(async () => serverUrl('updates', 'x'))).code, 'server-address');
});

test('paths are put below the base, without its query', () => {
  const url = below(new URL('https://host/root/?x=1#y'), '/a%20b/c', { q: 'name==x' });
  assert.is(url.href, 'https://host/root/a%20b/c?q=name%3D%3Dx');
});

test('what may pass is tried again, and what the server asks to wait is waited', async () => {
  const arrived: number[] = [];
  const base = await serve((_, answer) => {
    arrived.push(Date.now());
    if (arrived.length === 1) answer.writeHead(503, { 'retry-after': '1' }).end();
    else answer.end('{"a":1}');
  });
  assert.equal(await client(base).json({ method: 'GET', path: '/x' }), { a: 1 });
  assert.ok((arrived[1] ?? 0) - (arrived[0] ?? 0) >= 990);
});

test('a connection that breaks is tried as often as the policy says, and then said', async () => {
  let tries = 0;
  const base = await serve((request) => {
    tries += 1;
    request.socket.destroy();
  });
  const failure = await failureOf(() => client(base).call({ method: 'GET', path: '/x' }));
  assert.is(failure.code, 'server-unreachable');
  assert.is(failure.exitCode, 5);
  assert.is(tries, 3);
});

test('a server that asks to wait for longer than the policy is given up at once', async () => {
  let tries = 0;
  const base = await serve((_, answer) => {
    tries += 1;
    answer.writeHead(429, { 'retry-after': '3600' }).end();
  });
  assert.is((await failureOf(() => client(base).call({ method: 'GET', path: '/' }))).code, 'server-unreachable');
  assert.is(tries, 1);
});

test('a body is sent anew, whole, after a broken try', async () => {
  const got: string[] = [];
  const base = await serve((request, answer) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      got.push(Buffer.concat(chunks).toString());
      answer.writeHead(got.length === 1 ? 500 : 201).end();
    });
  });
  async function* parts(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('half ');
    yield Buffer.from('whole');
  }
  const answer = await client(base).call({ method: 'PUT', path: '/', body: { sizeBytes: 10, open: parts } });
  assert.is(answer.status, 201);
  assert.equal(got, ['half whole', 'half whole']);
});

test('credentials that are refused are not tried again', async () => {
  let tries = 0;
  const base = await serve((_, answer) => {
    tries += 1;
    answer.writeHead(401).end('Bad credentials');
  });
  const failure = await failureOf(() => client(base).call({ method: 'GET', path: '/' }));
  assert.is(failure.code, 'server-denied');
  assert.match(failure.message, 'Bad credentials');
  assert.is(tries, 1);
});

test('what the API does not promise is an error that shows it, harmless and short', async () => {
  const base = await serve((_, answer) => answer.writeHead(418).end(`tea\u001b[31m ${'x'.repeat(1000)}`));
  const failure = await failureOf(() => client(base).call({ method: 'GET', path: '/' }));
  assert.is(failure.code, 'server-answer');
  assert.not(failure.message.includes('\u001b'));
  assert.ok(failure.message.length < 500);
  const html = await serve((_, answer) => answer.end('<html>'));
  assert.is((await failureOf(() => client(html).json({ method: 'GET', path: '/' }))).code, 'server-answer');
});

test('a server that stays silent is given up', async () => {
  const base = await serve(() => undefined);
  const failure = await failureOf(() => client(base, { idleTimeoutMs: 50 }).call({ method: 'GET', path: '/' }));
  assert.is(failure.code, 'server-unreachable');
  assert.match(failure.message, 'no answer for 0.05 s');
});

test('a redirect to another server gets no credentials, and one to plain http is not followed', async () => {
  const heard: Array<string | undefined> = [];
  const other = await serve((request, answer) => {
    heard.push(request.headers.authorization);
    answer.end('{}');
  });
  const base = await serve((request, answer) => {
    heard.push(request.headers.authorization);
    const location = request.url === '/away' ? other.href : 'http://updates.example/';
    answer.writeHead(302, { location }).end();
  });
  const authorize = async (): Promise<Record<string, string>> => ({ authorization: 'Basic c2VjcmV0' });
  await client(base, { authorize }).json({ method: 'GET', path: '/away' });
  assert.equal(heard, ['Basic c2VjcmV0', undefined]);
  const failure = await failureOf(() => client(base, { authorize }).call({ method: 'GET', path: '/plain' }));
  assert.is(failure.code, 'server-insecure');
});

test('a request that changes something follows no redirect', async () => {
  const base = await serve((_, answer) => answer.writeHead(307, { location: '/elsewhere' }).end());
  const failure = await failureOf(() => client(base).call({ method: 'PUT', path: '/', body: Buffer.from('x') }));
  assert.is(failure.code, 'server-answer');
});

test('a certificate is trusted when its authority is the one of the plan, and else never', async () => {
  const dir = scratch('http-tls');
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', ...names],
    { stdio: 'ignore' },
  );
  const base = await serve((_, answer) => answer.end('{"safe":true}'), {
    key: readFileSync(key),
    cert: readFileSync(cert),
  });
  assert.equal(await client(base, { caFile: cert }).json({ method: 'GET', path: '/' }), { safe: true });
  const failure = await failureOf(() => client(base).call({ method: 'GET', path: '/' }));
  assert.is(failure.code, 'server-untrusted');
  const local = new URL(base);
  local.hostname = 'localhost';
  assert.is(
    (await failureOf(() => client(local, { caFile: cert }).call({ method: 'GET', path: '/' }))).code,
    'server-untrusted',
  );
});

test('an interruption ends a call that waits', async () => {
  const base = await serve(() => undefined);
  const abort = new AbortController();
  const call = client(base, { signal: abort.signal }).call({ method: 'GET', path: '/' });
  setTimeout(() => abort.abort(new Error('stopped by hand')), 20);
  await call.then(
    () => assert.unreachable(),
    (error: unknown) => assert.is((error as Error).message, 'stopped by hand'),
  );
});

test('an error of the body is not taken for one of the server', async () => {
  const base = await serve((request, answer) => {
    request.resume();
    answer.end();
  });
  const file = join(scratch('http-body'), 'gone');
  writeFileSync(file, 'x');
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield readFileSync(`${file}-not`);
  }
  const body = { sizeBytes: 1, open: broken };
  await client(base)
    .call({ method: 'PUT', path: '/', body })
    .then(
      () => assert.unreachable(),
      (error: unknown) => assert.is((error as NodeJS.ErrnoException).code, 'ENOENT'),
    );
});

test.run();
