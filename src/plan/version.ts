import { Range } from 'semver';
import { ReleasePlanError } from '../core/errors.ts';

/** More would not fit into file names that hold two of them. */
export const LONGEST_VERSION = 64;

const IDENTIFIER = '(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)';

/**
 * What a version may be. Versions become BitBake code (BUILD_VERSION), parts of
 * paths and of kas chains, so nothing else gets through.
 *
 * The schema holds the same pattern, a test compares the two.
 */
export const VERSION_PATTERN = new RegExp(
  '^(?:0|[1-9][0-9]*|[0-9]+(?:\\.[0-9]+){1,3}|' +
    `[0-9]+\\.[0-9]+\\.[0-9]+(?:-${IDENTIFIER}(?:\\.${IDENTIFIER})*)?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?)$`,
);

/** Whether a text is a version: semantic, dotted numbers, or a plain integer. */
export function isVersion(text: string): boolean {
  return text.length <= LONGEST_VERSION && VERSION_PATTERN.test(text);
}

/** How versions count: `9` (builds of OSTree Targets) or `1.2.3`. The two are not mixed in one plan. */
export type VersionScheme = 'integer' | 'dotted';

/** The scheme of a version. */
export function schemeOf(version: string): VersionScheme {
  return /^[0-9]+$/.test(version) ? 'integer' : 'dotted';
}

/**
 * Orders versions: numbers by value, missing ones as 0, then by prerelease,
 * then by build metadata: 1.2.1 < 1.2.1+26.03 < 1.2.1+26.06. Semver gives
 * metadata no order; a product that counts its builds there needs one, and it
 * is that of prereleases.
 *
 * @returns negative when `a` is older than `b`, 0 when neither is
 * @throws ReleasePlanError `version-invalid` for anything that is no version
 */
export function compareVersions(a: string, b: string): number {
  return comparePrecedence(a, b) || compareIdentifierLists(split(a).metadata, split(b).metadata);
}

/** As {@link compareVersions}, without build metadata. @see https://semver.org/#spec-item-11 */
function comparePrecedence(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  for (let index = 0; index < Math.max(left.numbers.length, right.numbers.length); index += 1) {
    const order = compareNumbers(left.numbers[index] ?? '0', right.numbers[index] ?? '0');
    if (order !== 0) return order;
  }
  return comparePrereleases(left.prerelease, right.prerelease);
}

/**
 * As {@link compareVersions}, for what devices and registries say, which may be
 * no version: `dev` or `v0.1.0` is older than every version, and ordered by its text.
 */
export function compareReported(a: string, b: string): number {
  const [isLeft, isRight] = [isVersion(a), isVersion(b)];
  if (isLeft && isRight) return compareVersions(a, b);
  if (isLeft !== isRight) return isLeft ? 1 : -1;
  return a < b ? -1 : Number(a > b);
}

/** Whether a version lies in a range; see {@link parseRange} for its notation. */
export function isInRange(version: string, range: Range): boolean {
  const { numbers, prerelease } = split(version);
  return range.set.some((comparators) => {
    const bounds = comparators.filter((one) => one.value !== '');
    if (!bounds.every(({ operator, semver }) => holds(comparePrecedence(version, semver.version), operator)))
      return false;
    // As npm does: a prerelease is in a range only when the range names a prerelease of the same numbers.
    return (
      prerelease.length === 0 ||
      bounds.some(
        ({ semver }) =>
          semver.prerelease.length > 0 &&
          comparePrecedence(`${semver.major}.${semver.minor}.${semver.patch}`, numbers.join('.')) === 0,
      )
    );
  });
}

/**
 * Reads a range in npm's notation: `>=0.1.0 <0.2.0`, `^1.2`, `1.x || 3.x`.
 *
 * @throws TypeError when it is none
 */
export function parseRange(range: string): Range {
  return new Range(range);
}

interface Parts {
  /** Decimal digits, without the leading zeros of `2024.04`. */
  numbers: string[];
  prerelease: string[];
  /** What follows the plus, numbers without leading zeros. */
  metadata: string[];
}

/** Sorting asks for the same few hundred again and again. */
const splitVersions = new Map<string, Parts>();

function split(version: string): Parts {
  const known = splitVersions.get(version);
  if (known !== undefined) return known;
  const parts = splitAnew(version);
  if (splitVersions.size > 10_000) splitVersions.clear();
  splitVersions.set(version, parts);
  return parts;
}

function splitAnew(version: string): Parts {
  if (!isVersion(version)) {
    throw new ReleasePlanError(
      'version-invalid',
      `${JSON.stringify(version.slice(0, LONGEST_VERSION + 1))} is not a valid version`,
    );
  }
  const [precedence = '', metadata = ''] = version.split('+');
  const dash = precedence.indexOf('-');
  const [numbers, prerelease] =
    dash === -1 ? [precedence, ''] : [precedence.slice(0, dash), precedence.slice(dash + 1)];
  return {
    numbers: numbers.split('.').map(withoutLeadingZeros),
    prerelease: prerelease === '' ? [] : prerelease.split('.'),
    metadata: metadata === '' ? [] : metadata.split('.').map(withoutLeadingZeros),
  };
}

/** Of a number; other identifiers keep their zeros. */
const withoutLeadingZeros = (text: string): string => text.replace(/^0+(?=\d+$)/, '');

/**
 * By value, however many digits: a date and time as a number is beyond 2^53. @param a, b without leading zeros, as
 * semver's identifiers are
 */
const compareNumbers = (a: string, b: string): number => a.length - b.length || compareTexts(a, b);

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A prerelease is older than the release. */
function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  return a.length === 0 || b.length === 0 ? b.length - a.length : compareIdentifierLists(a, b);
}

/** Identifier by identifier; the list that goes on is the newer one. */
function compareIdentifierLists(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const order = compareIdentifiers(a[index] ?? '', b[index] ?? '');
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareIdentifiers(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [/^[0-9]+$/.test(a), /^[0-9]+$/.test(b)];
  if (aIsNumber && bIsNumber) return compareNumbers(a, b);
  // Numeric identifiers are older than others.
  return aIsNumber === bIsNumber ? compareTexts(a, b) : aIsNumber ? -1 : 1;
}

function holds(order: number, operator: string): boolean {
  switch (operator) {
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    default:
      return order === 0;
  }
}
