import { readFileSync } from 'node:fs';

/**
 * A file of the package that is no code: its folders lie above both src/ and
 * dist/. Files that look for others by `import.meta.url` lie two folders deep,
 * as this one does, since the whole program is also in dist/bundle/cli.cjs.
 *
 * @param path from the package's top, as `templates/plan.yml.hbs`
 */
export const packageFile = (path: string): URL => new URL(`../../${path}`, import.meta.url);

/** The version in package.json. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string };
  return manifest.version;
}
