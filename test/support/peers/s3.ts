/** S3 servers from the registries. */
import { fileURLToPath } from 'node:url';
import { scratch } from '../scratch.ts';
import { installWith, startPeer, type Peer, type PeerRecipe } from './peer.ts';

/** Of all of them. */
export const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };

const KEEPS_FOLDERS = fileURLToPath(new URL('s3rver-keeps-folders.cjs', import.meta.url));

const s3rver: PeerRecipe = {
  name: 's3rver',
  version: '3.7.1',
  install: async (dir) =>
    await installWith('npm', ['install', '--prefix', dir, '--ignore-scripts', '--no-audit', 's3rver@3.7.1'], dir),
  command: ({ dir, state, port }) => [
    process.execPath,
    '--require',
    KEEPS_FOLDERS,
    `${dir}/node_modules/s3rver/bin/s3rver.js`,
    '--directory',
    `${state}/buckets`,
    '--address',
    '127.0.0.1',
    '--port',
    String(port),
    '--configure-bucket',
    'updates',
  ],
  probe: '/',
  startMs: 60_000,
};

const moto: PeerRecipe = {
  name: 'moto',
  version: '5.2.5',
  async install(dir) {
    await installWith('python3', ['-m', 'venv', `${dir}/venv`], dir);
    await installWith(`${dir}/venv/bin/pip`, ['install', '--quiet', 'moto[s3,server]==5.2.5'], dir);
  },
  command: ({ dir, port }) => [`${dir}/venv/bin/moto_server`, '-H', '127.0.0.1', '-p', String(port)],
  probe: '/moto-api/data.json',
  startMs: 90_000,
};

/** s3rver, of npm: ignores conditions of writes. Its key is S3RVER, its secret S3RVER. */
export const startS3rver = async (): Promise<Peer> => await startPeer(s3rver, scratch('s3rver'));

/** moto's server, of PyPI: checks no signatures. The bucket has to be made. */
export const startMoto = async (): Promise<Peer> => await startPeer(moto, scratch('moto'));

/** Versity's gateway over a folder: a program of the tester's own, since it has to be compiled. */
const versitygw = (program: string): PeerRecipe => ({
  name: 'versitygw',
  version: 'given',
  install: async () => undefined,
  command: ({ state, port }) => [
    'sh',
    '-c',
    'mkdir -p "$2" && exec "$1" --access S3RVER --secret S3RVER --port "$3" posix "$2"',
    'sh',
    program,
    `${state}/buckets`,
    `127.0.0.1:${port}`,
  ],
  probe: '/',
  startMs: 30_000,
});

/** Checks signatures, digests and conditions of writes. */
export async function startVersitygw(): Promise<Peer> {
  const program = process.env.RELEASE_PLAN_VERSITYGW;
  if (program === undefined) return { skipped: 'versitygw runs where RELEASE_PLAN_VERSITYGW names its program' };
  return await startPeer(versitygw(program), scratch('versitygw'));
}

/** CreateBucket, by a client that signs for itself. */
export async function makeBucket(url: string, bucket: string): Promise<void> {
  const { AwsClient } = await import('aws4fetch');
  const client = new AwsClient({
    accessKeyId: 'S3RVER',
    secretAccessKey: 'S3RVER',
    service: 's3',
    region: 'us-east-1',
  });
  const answer = await client.fetch(`${url}/${bucket}`, { method: 'PUT' });
  if (!answer.ok) throw new Error(`${bucket} was not made: ${answer.status} ${await answer.text()}`);
}
