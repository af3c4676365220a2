/** A device that says what it is, by hawkBit's device interface. */

/** Polls once, which makes the device known, and sends its attributes, if any. */
export async function hello(url: string, name: string, attributes?: Record<string, string>): Promise<void> {
  const base = `${url}/DEFAULT/controller/v1/${encodeURIComponent(name)}`;
  const poll = await fetch(base);
  if (!poll.ok) throw new Error(`the poll of ${name} was answered with ${poll.status}`);
  if (attributes === undefined) return;
  const status = { result: { finished: 'success' }, execution: 'closed', details: [] };
  const answer = await fetch(`${base}/configData`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mode: 'merge', data: attributes, status }),
  });
  if (!answer.ok) throw new Error(`the attributes of ${name} were answered with ${answer.status}`);
}

interface Deployment {
  deployment: { chunks: Array<{ artifacts: Array<{ filename: string }> }> };
}

/**
 * The files that a device is offered; none when it is offered nothing.
 *
 * @param waitMs how long the server may take
 */
export async function offered(url: string, name: string, waitMs = 0): Promise<string[]> {
  for (const endMs = Date.now() + waitMs; ; await new Promise((resolve) => setTimeout(resolve, 300))) {
    const poll = await fetch(`${url}/DEFAULT/controller/v1/${encodeURIComponent(name)}`);
    const { _links } = (await poll.json()) as { _links?: { deploymentBase?: { href: string } } };
    const href = _links?.deploymentBase?.href;
    if (href !== undefined) {
      const { deployment } = (await (await fetch(href)).json()) as Deployment;
      return deployment.chunks.flatMap(({ artifacts }) => artifacts.map(({ filename }) => filename));
    }
    if (Date.now() >= endMs) return [];
  }
}

/** Says that the update that a device is offered is installed. */
export async function finish(url: string, name: string): Promise<void> {
  const base = `${url}/DEFAULT/controller/v1/${encodeURIComponent(name)}`;
  const { _links } = (await (await fetch(base)).json()) as { _links?: { deploymentBase?: { href: string } } };
  const id = /deploymentBase\/(\d+)/.exec(_links?.deploymentBase?.href ?? '')?.[1];
  if (id === undefined) throw new Error(`${name} is offered nothing`);
  const answer = await fetch(`${base}/deploymentBase/${id}/feedback`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id, status: { result: { finished: 'success' }, execution: 'closed', details: [] } }),
  });
  if (!answer.ok) throw new Error(`the feedback of ${name} was answered with ${answer.status}`);
}
