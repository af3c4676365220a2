/**
 * What a plan's nightly run is called unless it is told: two machines of one
 * product have two.
 */
export const runName = ({ product, machine }: { product: string; machine: string }): string =>
  machine.startsWith(product) ? machine : `${product}-${machine}`;

/**
 * The name of everything that belongs to one nightly run. systemd
 * takes no `+` in the name of a unit, GitLab and GitHub none but these either.
 */
export const nightlyName = (name: string): string => `release-plan-${name.replaceAll(/[^A-Za-z0-9._-]/g, '_')}`;

/** Where a host keeps what the run finds in its environment: PATH, KAS_*, keys. */
export const environmentFile = (name: string): string =>
  `/etc/release-plan/${nightlyName(name).slice('release-plan-'.length)}.env`;

/** The arguments of the run itself. @param plans paths, which may begin with a dash */
export const nightlyArguments = (plans: readonly string[]): string[] => ['apply', '--nightly', '--', ...plans];
