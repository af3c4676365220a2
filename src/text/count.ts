/** A number with its noun: `1 device`, `2 devices`; the plural is given where it takes more than an s. */
export const counted = (number: number, noun: string, plural = `${noun}s`): string =>
  `${number} ${number === 1 ? noun : plural}`;
