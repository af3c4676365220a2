/** gooseBit from PyPI. */
import { scratch } from '../scratch.ts';
import { installWith, startPeer, type Peer, type PeerRecipe } from './peer.ts';

/** Makes the tables that its migrations would make. */
const TABLES = `
import asyncio
from tortoise import Tortoise
from goosebit.db.config import TORTOISE_CONF
async def main():
    await Tortoise.init(config=TORTOISE_CONF)
    await Tortoise.generate_schemas()
    await Tortoise.close_connections()
asyncio.run(main())
`;

const goosebit: PeerRecipe = {
  name: 'goosebit',
  version: '0.2.12',
  async install(dir) {
    await installWith('python3', ['-m', 'venv', `${dir}/venv`], dir);
    await installWith(`${dir}/venv/bin/pip`, ['install', '--quiet', 'goosebit==0.2.12'], dir);
  },
  command: ({ dir, port }) => [
    'sh',
    '-c',
    `"$1/python" -c "$2" && exec "$1/uvicorn" goosebit:app --host 127.0.0.1 --port ${port}`,
    'sh',
    `${dir}/venv/bin`,
    TABLES,
  ],
  env: ({ state }) => ({
    GOOSEBIT_DB_URI: `sqlite://${state}/db.sqlite3`,
    GOOSEBIT_ARTIFACTS_DIR: `${state}/artifacts`,
    GOOSEBIT_POLL_TIME: '00:00:10',
  }),
  probe: '/login',
  startMs: 120_000,
};

/** Its first user, made by the server's own set-up page. */
export const GOOSEBIT_USER = { user: 'ci@example.org', password: 'of-a-test' };

/** Starts it with an empty database and the first user. */
export async function startGoosebit(): Promise<Peer> {
  const peer = await startPeer(goosebit, scratch('goosebit'));
  if ('url' in peer) {
    const body = new URLSearchParams({ username: GOOSEBIT_USER.user, password: GOOSEBIT_USER.password });
    const answer = await fetch(`${peer.url}/setup`, { method: 'POST', body });
    if (!answer.ok) throw new Error(`gooseBit's set-up answered ${answer.status}: ${peer.log().slice(-500)}`);
  }
  return peer;
}
