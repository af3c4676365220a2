/** Addresses of commits on the web, from the address that git fetches from. Pure. */

/** How a kind of server names its pages, after the address of the repository. */
interface Site {
  serves(host: string): boolean;
  compare(from: string, to: string): string;
  commit(commit: string): string;
}

const hasLabel =
  (...labels: string[]) =>
  (host: string): boolean =>
    host.split('.').some((label) => labels.includes(label));

const CGIT_HOSTS = ['git.yoctoproject.org', 'git.openembedded.org', 'git.kernel.org'];

/** The first that serves a host is taken; no address is made up for the others. */
const SITES: readonly Site[] = [
  {
    serves: hasLabel('gitlab'),
    compare: (from, to) => `/-/compare/${from}...${to}`,
    commit: (commit) => `/-/commit/${commit}`,
  },
  {
    serves: hasLabel('github', 'gitea', 'forgejo', 'codeberg'),
    compare: (from, to) => `/compare/${from}...${to}`,
    commit: (commit) => `/commit/${commit}`,
  },
  {
    serves: hasLabel('bitbucket'),
    compare: (from, to) => `/branches/compare/${to}%0D${from}`,
    commit: (commit) => `/commits/${commit}`,
  },
  {
    serves: hasLabel('googlesource'),
    compare: (from, to) => `/+log/${from}..${to}`,
    commit: (commit) => `/+/${commit}`,
  },
  {
    serves: (host) => CGIT_HOSTS.includes(host) || hasLabel('cgit')(host),
    compare: (from, to) => `/log/?qt=range&q=${from}..${to}`,
    commit: (commit) => `/commit/?id=${commit}`,
  },
];

/**
 * The address of a repository without what may be secret in it: user names, passwords, tokens in the query.
 *
 * @returns undefined for a path on the machine that built
 */
export function publicRemote(remote: string): string | undefined {
  const parsed = parseRemote(remote);
  return parsed === undefined ? undefined : `${parsed.protocol}//${parsed.host}/${parsed.path}`;
}

/** Where the commits between two are shown; undefined for a server of no kind that is known here. */
export function compareLink(remote: string, from: string, to: string): string | undefined {
  const [first, last] = [plainCommit(from), plainCommit(to)];
  if (first === undefined || last === undefined || first === last) return undefined;
  return pageOf(remote, (site) => site.compare(first, last));
}

/** Where a commit is shown; undefined as for {@link compareLink}. */
export function commitLink(remote: string, commit: string): string | undefined {
  const plain = plainCommit(commit);
  return plain === undefined ? undefined : pageOf(remote, (site) => site.commit(plain));
}

/** The commit that git knows, of one that a manifest marks as changed: `<commit>-dirty`, `<commit>-patched-<tree>`. */
export const plainCommit = (commit: string): string | undefined =>
  /^([0-9a-f]{64}|[0-9a-f]{40})(?:-|$)/.exec(commit)?.[1];

function pageOf(remote: string, page: (site: Site) => string): string | undefined {
  const parsed = parseRemote(remote);
  if (parsed === undefined) return undefined;
  const { host, path } = parsed;
  const site = SITES.find((one) => one.serves(host.replace(/:\d+$/, '')));
  // Servers of the Yocto Project give fetches below /git/, and show pages above it.
  const shown = path.replace(/\.git$/, '').replace(CGIT_HOSTS.includes(host) ? /^git\// : '', '');
  return site === undefined ? undefined : `https://${host}/${shown}${page(site)}`;
}

interface Remote {
  protocol: string;
  /** With the port of a web server, without that of ssh. */
  host: string;
  /** Without a slash around it. */
  path: string;
}

/** @see git-fetch(1), GIT URLS */
function parseRemote(remote: string): Remote | undefined {
  const short = /^(?:[^/@:]+@)?([A-Za-z0-9.-]+):(?!\/\/)([^\s]+)$/.exec(remote);
  if (short !== null) return { protocol: 'ssh:', host: (short[1] ?? '').toLowerCase(), path: trimmed(short[2] ?? '') };
  if (!/^(https?|ssh|git|git\+ssh|git\+https):\/\//.test(remote)) return undefined;
  // The parser takes apart what follows only of protocols that it knows.
  const protocol = remote.slice(0, remote.indexOf('//'));
  const isWeb = protocol === 'http:' || protocol === 'https:' || protocol === 'git+https:';
  const text = `http${remote.slice(remote.indexOf('://'))}`;
  if (!URL.canParse(text)) return undefined;
  const { host, hostname, pathname } = new URL(text);
  return { protocol, host: isWeb ? host : hostname, path: trimmed(pathname) };
}

const trimmed = (path: string): string => path.replace(/^\/+|\/+$/g, '');
