const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

const DURATION_UNITS_MS: Readonly<Record<string, number>> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Bytes of `512MiB`, `2 GiB`, `1500kB` or a plain number.
 *
 * @returns undefined when it is no size, or too large to be counted exactly
 */
export function parseSizeBytes(size: string | number): number | undefined {
  const [, digits, unit] = /^([0-9]{1,15}) ?([A-Za-z]*)$/.exec(String(size)) ?? [];
  const factor = unit === '' ? 1 : Object.hasOwn(SIZE_UNITS, unit ?? '') ? SIZE_UNITS[unit ?? ''] : undefined;
  if (digits === undefined || factor === undefined) return undefined;
  const bytes = Number(digits) * factor;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Milliseconds of `90s`, `60min`, `2h` or `1d`; undefined when it is no duration. */
export function parseDurationMs(duration: string): number | undefined {
  const [, digits, unit] = /^([0-9]{1,6}) ?([a-z]+)$/.exec(duration) ?? [];
  const factor = Object.hasOwn(DURATION_UNITS_MS, unit ?? '') ? DURATION_UNITS_MS[unit ?? ''] : undefined;
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

/**
 * Sizes that a text probably means whose unit is in other letters: `64Mb` may
 * be 64MiB or 64MB, in bytes 67108864 or 64000000.
 */
export function meantSizes(text: string): string[] {
  const [, digits, letter] = /^([0-9]{1,15}) ?([kmgt])i?b?$/i.exec(text) ?? [];
  if (digits === undefined || letter === undefined) return [];
  const units = Object.keys(SIZE_UNITS).filter(
    (unit) => unit.length > 1 && unit[0]?.toLowerCase() === letter.toLowerCase(),
  );
  return units.map((unit) => `${digits}${unit} (${parseSizeBytes(`${digits}${unit}`) ?? 0} bytes)`);
}

/** Durations that a text probably means: `2 hours` is 2h. */
export function meantDurations(text: string): string[] {
  const [, digits, letter, rest = ''] = /^([0-9]{1,6}) ?([smhd])([a-z]*)$/i.exec(text) ?? [];
  if (digits === undefined || letter === undefined) return [];
  const words: Readonly<Record<string, RegExp>> = {
    s: /^(ec(ond)?s?)?$/,
    min: /^(in(ute)?s?)?$/,
    h: /^(ours?|rs?)?$/,
    d: /^(ays?)?$/,
  };
  const unit = Object.keys(DURATION_UNITS_MS).find((one) => one[0] === letter.toLowerCase());
  return unit === undefined || words[unit]?.test(rest.toLowerCase()) !== true ? [] : [`${digits}${unit}`];
}

/** The share that `70%` or `12.5%` stands for, 0 to 1; undefined when it is none. */
export function parseShare(share: string): number | undefined {
  const [, digits] = /^([0-9]{1,3}(?:\.[0-9]{1,3})?) ?%$/.exec(share) ?? [];
  return digits === undefined || Number(digits) > 100 ? undefined : Number(digits) / 100;
}
