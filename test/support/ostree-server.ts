import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';

export interface OstreeServer {
  url: string;
  /** Paths that were asked for. */
  asked: string[];
  close(): Promise<void>;
}

/** Serves an OSTree repository on 127.0.0.1 without its objects: what a client gets, it gets from deltas. */
export const serveWithoutObjects = async (repo: string): Promise<OstreeServer> => await serve(repo, false);

/** Serves an OSTree repository on 127.0.0.1 as it is. */
export const serveWhole = async (repo: string): Promise<OstreeServer> => await serve(repo, true);

async function serve(repo: string, hasObjects: boolean): Promise<OstreeServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname));
    asked.push(path);
    const file = join(repo, path);
    const found = !hasObjects && path.startsWith('/objects/') ? undefined : statSync(file, { throwIfNoEntry: false });
    if (found === undefined || !found.isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-length': found.size });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
