/**
 * Which repositories a chain is made of. `kas for-all-repos`, which every kas
 * has, checks out and writes local.conf as `kas checkout` does, and tells of
 * each repository, also of those without layers that bblayers.conf leaves out.
 *
 * @see kas 3.1 and 5.5, plugins/for_all_repos.py
 */
import { outsideOf, type ConfFiles } from './settings.ts';

/** A repository of the resolved kas configuration. */
export interface KasRepository {
  /** The key under `repos:`, or its `name`. */
  name: string;
  /** Absolute, as this machine has it. */
  path: string;
  /** Where kas fetched it from, without credentials; undefined for a folder that is there anyway. */
  url?: string;
  /** What the configuration asks for; undefined for a folder that is there anyway. */
  pin?: Pin;
}

/** `refspec` is the one key that kas before 4.0 has for all of the others. */
export interface Pin {
  kind: 'commit' | 'branch' | 'tag' | 'refspec';
  name: string;
}

/** What a chain was resolved to. */
export interface ResolvedChain {
  repositories: KasRepository[];
  /** Program -> version line, of where BitBake runs: the container, with kas-container. */
  tools: Record<string, string>;
}

const REPOSITORY = 'release-plan-repository';
const TOOL = 'release-plan-tool';
const FIELDS = ['NAME', 'URL', 'COMMIT', 'BRANCH', 'TAG', 'REFSPEC'] as const;
/** What decides how packages for the build host come out, and BitBake itself. */
const TOOLS = ['bitbake', 'python3', 'gcc', 'ld', 'make', 'git', 'tar'];

/** The shell command for `kas for-all-repos`: a line per repository, and, where BitBake starts, one per tool. */
export const PROBE =
  `printf '${REPOSITORY}\\t%s${'\\t%s'.repeat(FIELDS.length)}\\n' "$PWD" ` +
  `${FIELDS.map((name) => `"$KAS_REPO_${name}"`).join(' ')}; ` +
  'if [ -e oe-init-build-env ] || [ -e isar-init-build-env ]; then ' +
  `for tool in ${TOOLS.join(' ')}; do ` +
  `printf '${TOOL}\\t%s\\t%s\\n' "$tool" "$("$tool" --version 2>&1 </dev/null | head -n 1)"; done; ` +
  `printf '${TOOL}\\tos\\t%s\\n' "$(. /etc/os-release; echo "$PRETTY_NAME $(uname -m)")"; fi; true`;

/** Gathers what {@link PROBE} prints. */
export class ProbeLines {
  readonly #repositories: string[][] = [];
  readonly #tools: Record<string, string> = {};

  /** Any line that kas printed. */
  add(line: string): void {
    const [word, ...fields] = line.split('\t');
    if (word === REPOSITORY && fields.length === FIELDS.length + 1) this.#repositories.push(fields);
    const [tool = '', version = ''] = fields;
    if (word === TOOL && /\d/.test(version)) this.#tools[tool] = version.trim();
  }

  /** What was told, with paths of a container as this machine has them. */
  resolve({ mounts }: Pick<ConfFiles, 'mounts'>): ResolvedChain {
    const repositories = this.#repositories.map((fields) => {
      const [path = '', name = '', url = '', commit = '', branch = '', tag = '', refspec = ''] = fields;
      const pin = pinOf({ commit, branch, tag, refspec });
      return {
        name,
        path: outsideOf(path, mounts),
        ...(url === '' ? {} : { url: withoutCredentials(url) }),
        // A local folder may have a refspec; kas does nothing with it.
        ...(url === '' || pin === undefined ? {} : { pin }),
      };
    });
    return { repositories, tools: { ...this.#tools } };
  }
}

/** A commit decides, whatever branch or tag stands beside it. */
function pinOf(names: Record<Pin['kind'], string>): Pin | undefined {
  const kind = (['commit', 'tag', 'branch', 'refspec'] as const).find((one) => names[one] !== '');
  return kind === undefined ? undefined : { kind, name: names[kind] };
}

/** Manifests are published: a token in an address must not be. The user of `ssh://git@host` is part of the address. */
export const withoutCredentials = (url: string): string =>
  url.replace(/^(https?:\/\/)[^/@]*@/i, '$1').replace(/^([a-z][a-z0-9+.-]*:\/\/[^/:@]*):[^/@]*@/i, '$1@');

/** Whether a pin names one commit for ever. */
export const isCommit = (pin: Pin): boolean =>
  pin.kind === 'commit' || (pin.kind === 'refspec' && /^[0-9a-f]{40,64}$/.test(pin.name));
