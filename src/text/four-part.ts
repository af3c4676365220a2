/** SWUpdate packs versions of up to four numbers into 64 bits, 16 each (core/parser.c, version_to_number). */
const LARGEST_PART = 65_535;

/** Whether devices would ignore the fourth number of a version when they compare it. */
export const isOrderedWrongly = (version: string): boolean =>
  /^\d+(\.\d+){3}$/.test(version) && version.split('.').some((part) => Number(part) > LARGEST_PART);

/** What to say of such a version. */
export const orderedWrongly = (version: string): string =>
  `the version ${version} has a number above ${LARGEST_PART}: devices that check versions ignore its fourth number`;
