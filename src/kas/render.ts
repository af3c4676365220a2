import { readFileSync } from 'node:fs';
import { ReleasePlanError } from '../core/errors.ts';
import { renderTemplate, templatePath } from '../io/template.ts';

/** What a kas override says. */
export interface OverrideValues {
  /**
   * An id under local_conf_header that no other kas file has, see kas.override of the plan: kas merges by it, so
   * an id of the product would lose whatever else stands in its block.
   */
  id: string;
  version: string;
}

/**
 * What a version may look like where it becomes BitBake code: narrower than
 * BitBake's quoting needs, so that no rule of quoting has to be trusted. The
 * plan has stricter rules (order, semver); this one holds whoever calls.
 */
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$/;

/** Ends a comment line in local.conf, by any rule of what a line is. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const LINE_BREAK = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/**
 * The kas file that gives a build its version, rendered from
 * templates/kas-override.yml.hbs. It names format version 1, which every kas
 * reads; a number above what a kas knows is refused by it. BitBake's server is
 * told to end with the build: one that stays would hold bitbake.lock.
 *
 * @throws ReleasePlanError `version-invalid`, `kas-header-id`
 */
export function renderOverride(values: OverrideValues): string {
  requireVersion(values.version);
  requireHeaderId(values.id);
  const template = readFileSync(templatePath('kas-override.yml.hbs'), 'utf8');
  return renderTemplate(template, values, {
    yaml: (value) => quoteYaml(String(value)),
    bitbake: (value) => requireVersion(String(value)),
  });
}

/**
 * A string as a YAML double-quoted scalar of ASCII characters alone: read
 * alike by YAML 1.1 (PyYAML, which kas uses) and 1.2, whatever the string.
 *
 * @see YAML 1.2.2, 5.7 Escaped Characters
 */
export function quoteYaml(text: string): string {
  return `"${text.replace(/["\\]|[^ -~]/gu, escapeYaml)}"`;
}

function escapeYaml(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  const codePoint = character.codePointAt(0) ?? 0;
  return codePoint > 0xffff
    ? `\\U${codePoint.toString(16).padStart(8, '0')}`
    : `\\u${codePoint.toString(16).padStart(4, '0')}`;
}

/** Returns the version, or throws `version-invalid`. */
export function requireVersion(version: string): string {
  if (VERSION.test(version)) return version;
  throw new ReleasePlanError('version-invalid', `${JSON.stringify(version)} is not a valid BUILD_VERSION`);
}

function requireHeaderId(id: string): void {
  if (id === '' || LINE_BREAK.test(id) || id.trimEnd().endsWith('\\')) {
    throw new ReleasePlanError('kas-header-id', `${JSON.stringify(id)} is not a valid id under local_conf_header`);
  }
}
