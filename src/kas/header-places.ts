import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { LineCounter, isMap, isScalar, parseDocument, type Document } from 'yaml';
import { ifPresent } from '../io/present.ts';
import { gitRootOf } from './chain.ts';

/**
 * Where kas files give a block of local_conf_header its text, as `file:line`:
 * local.conf has the id of a block, not where it comes from. Files are searched
 * with what they include from their own repository; other repositories may hold
 * more.
 *
 * @param workDir what the places are shown relative to
 * @returns id -> its places, in the order in which kas merges them
 */
export async function headerPlaces(files: readonly string[], workDir: string): Promise<Map<string, string[]>> {
  const places = new Map<string, string[]>();
  const seen = new Set<string>();
  const search = async (file: string): Promise<void> => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = await ifPresent(readFile(file, 'utf8'));
    if (text === undefined) return;
    const counter = new LineCounter();
    const document = parseDocument(text, {
      logLevel: 'silent',
      uniqueKeys: false,
      version: '1.1',
      lineCounter: counter,
    });
    for (const included of includesOf(document)) await search(await includedFile(included, file));
    for (const { id, offset } of blocksOf(document)) {
      const place = `${relative(workDir, file)}:${counter.linePos(offset).line}`;
      places.set(id, [...(places.get(id) ?? []), place]);
    }
  };
  for (const file of files) await search(file);
  return places;
}

function blocksOf(document: Document): Array<{ id: string; offset: number }> {
  const blocks: unknown = document.get('local_conf_header');
  if (!isMap(blocks)) return [];
  return blocks.items.flatMap(({ key }) =>
    isScalar(key) ? [{ id: String(key.value), offset: key.range?.[0] ?? 0 }] : [],
  );
}

function includesOf(document: Document): string[] {
  const header: unknown = document.toJS();
  const includes = member(member(header, 'header'), 'includes');
  return Array.isArray(includes) ? includes.filter((one): one is string => typeof one === 'string') : [];
}

const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Object.entries(value).find(([name]) => name === key)?.[1] : undefined;

/** kas takes an include relative to the top of the repository, else to the file that names it. */
async function includedFile(included: string, file: string): Promise<string> {
  const fromTop = join((await gitRootOf(dirname(file))) ?? dirname(file), included);
  return (await ifPresent(stat(fromTop))) === undefined ? join(dirname(file), included) : fromTop;
}
