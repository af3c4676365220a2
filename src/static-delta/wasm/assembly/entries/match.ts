// The module of src/static-delta/matcher.ts.
export { regionCount, begin, index, scan, encode } from '../match';
