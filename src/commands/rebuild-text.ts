import type { FileDifference } from '../kas/image/differences.ts';
import type { RebuildResult, RebuiltImage } from '../jobs/rebuild.ts';
import { printable } from '../text/printable.ts';

/** Files that are listed of one image; the JSON document has all. */
const MOST_FILES = 40;

const WHAT: Record<FileDifference['what'], string> = {
  'only-before': 'is in the archived image alone',
  'only-after': 'is in the rebuilt image alone',
  'content': 'has other content',
  'time': 'has another time',
  'mode': 'has another mode',
  'kind': 'is another kind of file',
  'link': 'is a link to another place',
};

/** What a rebuild found, for a person. */
export function rebuildInWords({ version, images, tools, dir, isSame }: RebuildResult): string {
  const lines = images.flatMap(imageInWords);
  if (!isSame) {
    for (const [name, [then, now]] of Object.entries(tools)) lines.push(`${name} was ${then}, is ${now}`);
    lines.push(`both sides are unpacked in ${dir}`);
  }
  return [`rebuild of ${version}`, ...lines.map((line) => `  ${printable(line)}`), ''].join('\n');
}

function imageInWords(image: RebuiltImage): string[] {
  const { file, archivedSha256, rebuiltSha256, differences, isOpened } = image;
  if (archivedSha256 === rebuiltSha256) return [`${file}: the same, sha256 ${archivedSha256}`];
  const heading = `${file}: differs, archived sha256 ${archivedSha256}, rebuilt ${rebuiltSha256}`;
  if (!isOpened) return [heading, '  no files can be read from an image of this kind'];
  if (differences.length === 0)
    return [
      heading,
      '  every file in it is the same: the file system around them differs (its UUID, hash seed, creation time, ' +
        'block order or compressor)',
    ];
  const shown = differences
    .slice(0, MOST_FILES)
    .map(({ path, what, cause }) => `  ${path} ${WHAT[what]}${cause === undefined ? '' : `: ${cause}`}`);
  const rest = differences.length - shown.length;
  return [heading, ...shown, ...(rest > 0 ? [`  and ${rest} more, see --json`] : [])];
}
