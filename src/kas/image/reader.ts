/** What a path names inside an image. */
export type Entry = { kind: 'file' | 'folder' | 'missing' | 'other' } | { kind: 'link'; target: string };

/** The content of an image of one kind of file system, without mounting it. Paths are absolute within the image. */
export interface ImageReader {
  /** What a path names; links are not followed. */
  entryAt(path: string): Promise<Entry>;
  /** The content of a regular file. */
  read(path: string): Promise<Uint8Array>;
  /** Removes what was unpacked. */
  close(): Promise<void>;
}

/** As many as Linux follows. */
const MOST_LINKS = 40;

/**
 * Follows links as the device would, with the image as root: a link to
 * `/usr/lib/x` never leads to the machine that builds.
 *
 * @returns the path of a regular file, or undefined when there is none
 */
export async function resolveInImage(reader: ImageReader, path: string): Promise<string | undefined> {
  if ((await reader.entryAt(path)).kind === 'file') return path;
  let rest = path.split('/');
  let at: string[] = [];
  for (let links = 0; links <= MOST_LINKS;) {
    const name = rest.shift();
    if (name === undefined) return undefined;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at.pop();
      continue;
    }
    const here = `/${[...at, name].join('/')}`;
    const entry = await reader.entryAt(here);
    if (entry.kind === 'link') {
      links += 1;
      rest = [...entry.target.split('/'), ...rest];
      if (entry.target.startsWith('/')) at = [];
    } else if (entry.kind === 'file' && rest.every((one) => one === '' || one === '.')) return here;
    else if (entry.kind === 'folder') at.push(name);
    else return undefined;
  }
  return undefined;
}
