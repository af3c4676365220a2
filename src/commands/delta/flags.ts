import { InvalidArgumentError } from 'commander';
import { parseSizeBytes } from '../../text/units.ts';

/** A flag's parser for a whole number. */
export function wholeNumber(flag: string, least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`${flag} expects a whole number of at least ${least}.`);
  };
}

/** A flag's parser for a size with its unit; gives bytes. */
export function size(flag: string): (text: string) => number {
  return (text) => {
    const bytes = parseSizeBytes(text);
    if (bytes !== undefined && bytes > 0) return bytes;
    throw new InvalidArgumentError(`${flag} expects a size such as 512MiB.`);
  };
}
