/** What is read of JSON that others wrote: of a field of another type, nothing. */
import { isObject } from '../../text/parse-json.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const objectsIn = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isObject) : []);

export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** SPDX says of an unknown licence that it is not known. */
export const licenceOf = (value: unknown): string | undefined => {
  const text = textOf(value);
  return text === 'NOASSERTION' || text === 'NONE' ? undefined : text;
};

/** The licence of a package of SPDX 2: what was declared, or else what a tool concluded. */
export const declaredLicence = ({ licenseDeclared, licenseConcluded }: Fields): string | undefined =>
  licenceOf(licenseDeclared) ?? licenceOf(licenseConcluded);
