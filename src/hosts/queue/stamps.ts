import type { FileStamp } from '../../archive/manifest.ts';

/** A file as it was when it was read. */
export const pathStamp = (path: string, { mtimeNs, ctimeNs }: FileStamp): string => `${path} ${mtimeNs} ${ctimeNs}`;
