/**
 * The name of everything that belongs to one product's nightly run. systemd
 * takes no `+` in the name of a unit, GitLab and GitHub none but these either.
 */
export const nightlyName = (product: string): string => `release-plan-${product.replaceAll(/[^A-Za-z0-9._-]/g, '_')}`;

/** Where a host keeps what the run finds in its environment: PATH, KAS_*, keys. */
export const environmentFile = (product: string): string =>
  `/etc/release-plan/${nightlyName(product).slice('release-plan-'.length)}.env`;

/** The arguments of the run itself. @param plan a path, which may begin with a dash */
export const nightlyArguments = (plan: string): string[] => ['apply', '--nightly', '--', plan];
