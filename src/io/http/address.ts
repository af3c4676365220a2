/** Which addresses a server may have, and what a secret may be sent to. */
import { ReleasePlanError } from '../../core/errors.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Whether an address is on this machine: nobody between could read what is sent there. */
export const isLoopback = (url: URL): boolean => LOOPBACK.test(url.hostname);

/**
 * The address of a server, from a plan or a redirect.
 *
 * @param what whose it is, for the message
 * @throws ReleasePlanError `server-insecure` for plain http to another machine, `server-address` for anything that is
 *   no
 *   http address or that holds a user or a password
 */
export function serverUrl(text: string, what: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    throw new ReleasePlanError('server-address', `${what}: ${JSON.stringify(text)} is not an address`, {
      cause: error,
    });
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new ReleasePlanError('server-address', `${what}: ${url.protocol} is neither https: nor http:`);
  if (url.username !== '' || url.password !== '')
    throw new ReleasePlanError('server-address', `${what}: the address of ${url.host} holds a user or a password`);
  if (url.protocol === 'http:' && !isLoopback(url))
    throw new ReleasePlanError('server-insecure', `${what}: ${url.origin} is not encrypted`);
  return url;
}

/** An address below another one; the query and the last slash of the base do not count. */
export function below(base: URL, path: string, query: Readonly<Record<string, string>> = {}): URL {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
  url.search = '';
  url.hash = '';
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}
