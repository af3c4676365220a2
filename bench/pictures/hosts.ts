/** Who asks whom on several hosts: apply, the queue, the workers and the store. */
import { box, text, write } from './draw.ts';

const [WIDTH, HEIGHT] = [760, 330];

/** A host or a server: its name, and what it does or has. */
function place(kind: string, [x, y, width, height]: [number, number, number, number], name: string, lines: string[]) {
  return [
    box(kind, x, y, width, 4),
    `<rect class="line" x="${x}" y="${y}" width="${width}" height="${height}"/>`,
    text(x + 12, y + 26, name, 'name'),
    ...lines.map((line, at) => text(x + 12, y + 46 + 18 * at, line)),
  ];
}

/** An arrow along points, with words beside it. */
function arrow(points: Array<[number, number]>, words: string, [x, y]: [number, number], kind = 'text middle') {
  const [[fromX, fromY], [toX, toY]] = [points.at(-2) ?? [0, 0], points.at(-1) ?? [0, 0]];
  const angle = Math.round((Math.atan2(toY - fromY, toX - fromX) * 180) / Math.PI);
  return [
    `<polyline class="curve" points="${points.map((point) => point.join(',')).join(' ')}"/>`,
    `<path class="mark" d="M0,0 l-9,-5 v10 z" transform="translate(${toX} ${toY}) rotate(${angle})"/>`,
    text(x, y, words, kind),
  ];
}

export function drawHosts(): void {
  const workers = [0, 1, 2].flatMap((at) =>
    place('fresh', [546, 20 + 68 * at, 200, 58], `worker ${at + 1}`, ['own checkout, own cache']),
  );
  write(
    'hosts.svg',
    [WIDTH, HEIGHT],
    'Steps on several hosts',
    'apply decides which steps are due and puts them into a queue. Workers take steps, fetch images from the store, ' +
      'and send what they made there. apply reads it back, keeps the registry and writes the report.',
    [
      ...place('base', [14, 20, 210, 100], 'apply', ['decides what is due', 'keeps the registry', 'writes the report']),
      ...place('calm', [306, 20, 160, 100], 'queue: redis', [
        'steps and answers,',
        'authenticated;',
        'no keys, no images',
      ]),
      ...workers,
      ...place('calm', [14, 256, 732, 60], 'store: S3, or a folder that all see', [
        'content by its sha256; names are written last, and given once',
      ]),
      ...arrow(
        [
          [224, 58],
          [306, 58],
        ],
        'steps',
        [264, 50],
      ),
      ...arrow(
        [
          [306, 92],
          [224, 92],
        ],
        'answers',
        [266, 110],
      ),
      ...arrow(
        [
          [466, 58],
          [546, 58],
        ],
        'steps',
        [504, 50],
      ),
      ...arrow(
        [
          [546, 92],
          [466, 92],
        ],
        'answers',
        [507, 110],
      ),
      ...arrow(
        [
          [600, 256],
          [600, 214],
        ],
        'images',
        [592, 240],
        'text end',
      ),
      ...arrow(
        [
          [690, 214],
          [690, 256],
        ],
        'updates',
        [682, 240],
        'text end',
      ),
      ...arrow(
        [
          [160, 256],
          [160, 120],
        ],
        'what workers made',
        [152, 194],
        'text end',
      ),
    ],
  );
}
