/** How gooseBit is asked: a token for a user and a password, then JSON. */
import { ReleasePlanError } from '../../core/errors.ts';
import { HttpClient, jsonOf, type ClientOptions } from '../../io/http/client.ts';
import { objectOf, textIn } from '../../io/http/shape.ts';

/** Where gooseBit's own API is, below the server's address. */
export const GOOSEBIT_API = '/api/v1';

/**
 * A client that logs in with its first call.
 *
 * @throws ReleasePlanError by its calls: `server-denied` for a wrong password
 */
export function goosebitClient(
  options: Omit<ClientOptions, 'authorize'>,
  login: { user: string; password: string },
): HttpClient {
  const anonymous = new HttpClient(options);
  let token: Promise<string> | undefined;
  return new HttpClient({
    ...options,
    async authorize() {
      token ??= tokenOf(anonymous, login);
      return { authorization: `Bearer ${await token}` };
    },
  });
}

/** @see https://fastapi.tiangolo.com/reference/security/ (OAuth2PasswordRequestForm) */
async function tokenOf(client: HttpClient, login: { user: string; password: string }): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'password', username: login.user, password: login.password });
  const answer = await client.call({
    method: 'POST',
    path: '/login',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
  });
  const token = textIn(objectOf(jsonOf(answer, client.what), client.what), 'access_token');
  if (token === '') throw new ReleasePlanError('server-denied', `${client.what} gave no token for ${login.user}`);
  return token;
}
