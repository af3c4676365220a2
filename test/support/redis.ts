/** Debian's redis-server on 127.0.0.1, for one test; what is in it goes with it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { scratch } from './scratch.ts';

export interface RedisServer {
  url: string;
  port: number;
  /** Ends it as a power failure would: everything in it is lost. */
  kill(): Promise<void>;
  /** Ends it in order, as `systemctl restart` does: what it was told to keep is kept. */
  stop(): Promise<void>;
  /** Starts it again at the same address: empty, unless it was told to keep something. */
  start(): Promise<void>;
}

const PATIENCE_MS = 20_000;

/** @param more arguments of redis-server */
export async function redisServer(more: readonly string[] = []): Promise<RedisServer> {
  const port = await freePort();
  const dir = scratch('redis');
  let child: ChildProcess | undefined;
  // It must not outlive a test that ends early.
  process.once('exit', () => child?.kill('SIGKILL'));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    child = undefined;
  };
  const server: RedisServer = {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill: async () => await end('SIGKILL'),
    stop: async () => await end('SIGTERM'),
    async start() {
      const options = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir, ...more];
      child = spawn('redis-server', ['--port', String(port), ...options], { stdio: 'ignore' });
      let failure: unknown;
      child.once('error', (error) => (failure = error));
      const until = performance.now() + PATIENCE_MS;
      while (!(await answers(port))) {
        if (failure !== undefined || performance.now() > until)
          throw failure ?? new Error('redis-server does not start');
        await sleep(20);
      }
    },
  };
  await server.start();
  return server;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}

/** A port that nobody listens to just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
