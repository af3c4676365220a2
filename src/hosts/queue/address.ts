import { isIP } from 'node:net';
import { ReleasePlanError } from '../../core/errors.ts';

/** The environment variable with the password of redis, so that it is in no list of processes. */
export const PASSWORD_VARIABLE = 'RELEASE_PLAN_QUEUE_PASSWORD';

/** Where a queue is. */
export interface QueueAddress {
  /** As ioredis takes it. */
  connection: {
    host: string;
    port: number;
    db: number;
    username?: string;
    password?: string;
    tls?: { servername?: string };
  };
  /** For messages: without user and password. */
  text: string;
}

const PORT = 6379;

/**
 * Reads `redis://[user[:password]@]host[:port][/database]`; `rediss://` speaks TLS.
 *
 * @throws ReleasePlanError `usage`
 */
export function queueAddress(text: string, env: NodeJS.ProcessEnv): QueueAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const database = /^\/?(\d{0,4})$/.exec(url?.pathname ?? '')?.[1];
  const isRedis = url?.protocol === 'redis:' || url?.protocol === 'rediss:';
  if (url === undefined || !isRedis || url.hostname === '' || database === undefined)
    // The text may hold a password.
    throw new ReleasePlanError('usage', '--queue expects redis://HOST[:PORT][/DATABASE], or rediss:// for TLS', {
      hint: `A password goes into ${PASSWORD_VARIABLE}.`,
    });
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? PORT : Number(url.port);
  const password = env[PASSWORD_VARIABLE] ?? (url.password === '' ? undefined : decodeURIComponent(url.password));
  return {
    text: `${url.protocol}//${url.hostname}:${port}${database === '' ? '' : `/${database}`}`,
    connection: {
      host,
      port,
      db: Number(database),
      ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
      ...(password === undefined ? {} : { password }),
      ...(url.protocol === 'rediss:' ? { tls: isIP(host) === 0 ? { servername: host } : {} } : {}),
    },
  };
}
