/** Text of others, in every place that it goes to: by itself, and in every text and format that is made of it. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { againstText } from '../../src/commands/against-text.ts';
import { inspectionText } from '../../src/commands/inspect-text.ts';
import { publishedInWords } from '../../src/commands/publish.ts';
import { rebuildInWords } from '../../src/commands/rebuild-text.ts';
import { dryRunText } from '../../src/commands/targets/static-deltas-text.ts';
import { table } from '../../src/commands/targets/table.ts';
import { formatDiagnostics } from '../../src/commands/terminal/diagnostics.ts';
import { plainDrive } from '../../src/commands/terminal/drive-plain.ts';
import { plainView } from '../../src/commands/terminal/plain.ts';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import type { ReleaseEvent } from '../../src/core/events.ts';
import type { ConsistencyReport } from '../../src/core/report.ts';
import { diagnosticFormats } from '../../src/report/diagnostics/registry.ts';
import { nightInWords } from '../../src/report/night-text.ts';
import type { PageFacts } from '../../src/report/page/facts.ts';
import { runs } from '../report/page/fixtures.ts';
import { reportFormats } from '../../src/report/registry.ts';
import { summaryTable } from '../../src/report/summary.ts';
import { githubData, githubProperty } from '../../src/text/github.ts';
import { htmlText } from '../../src/text/html.ts';
import { openSealedJson, sealJson } from '../../src/text/json.ts';
import { markdownText } from '../../src/text/markdown.ts';
import { prettyJson } from '../../src/text/pretty-json.ts';
import { printable, printableLines, printableMessage } from '../../src/text/printable.ts';
import { formatColumns, formatRows } from '../../src/text/rows.ts';
import { xmlText } from '../../src/text/xml.ts';
import { FOREIGN, harmIn } from '../support/foreign.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('text of others');

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
};
const unescaped = (html: string): string => html.replace(/&(lt|gt|quot|amp|#39);/g, (one) => ENTITIES[one] ?? one);

/** A whole report whose every text is this one. */
const reportOf = (text: string): ConsistencyReport => ({
  schema: 1,
  product: text,
  machine: text,
  image: text,
  generatedAt: text,
  consistent: false,
  scope: { versions: [text], pairs: [{ from: text, to: text }] },
  checks: [
    { check: 'base-whole', subject: text, result: 'fail', detail: text },
    { check: 'target-whole', subject: text, result: 'pass', detail: text },
  ] as unknown as ConsistencyReport['checks'],
  sizes: [{ from: text, to: text, fullBytes: 10, deltaBytes: 2, compressedBytes: 1, sendBytes: 1, devices: 3 }],
  warnings: [{ version: text, message: text }],
  changes: [{ from: text, to: text, layers: [{ layer: text, from: text, to: text }], packages: null }],
  fulls: [{ version: text, sendBytes: 9, devices: 1 }] as unknown as NonNullable<ConsistencyReport['fulls']>,
});

/** What a page shows beside the report. */
const factsOf = (text: string): PageFacts => ({
  runs: [{ ...runs(1)[0], startedAt: text, kind: text } as unknown as PageFacts['runs'][number], ...runs(2)],
  published: [
    { destination: text, kind: text, place: text, version: text, base: text, fileName: text, sizeBytes: 1, at: text },
  ],
  rollouts: [
    {
      destination: text,
      name: text,
      version: text,
      tag: text,
      base: text,
      isOfRefused: false,
      state: text,
      devices: 3,
      finished: 1,
      failed: 1,
      wire: { bytes: 2, fullBytes: 9 },
      at: text,
    },
  ],
  explained: [
    {
      schema: 1,
      from: text,
      to: text,
      partition: text,
      sha256: text,
      filesystem: text,
      totalBytes: 9,
      files: [{ path: text, bytes: 1, cause: text, package: text }],
      otherFilesBytes: 1,
      metadataBytes: 1,
      commandBytes: 1,
    },
  ],
  changed: [
    {
      schema: 1,
      from: text,
      to: text,
      sha256: text,
      layers: [{ layer: text, from: text, to: text, link: `https://git.example/${text}`, commits: 1 }],
      packages: {
        added: 1,
        removed: 0,
        upgraded: 0,
        relicensed: 0,
        rows: [{ name: text, change: 'added', from: text, to: text, licence: text }],
      },
      vulnerabilities: {
        fixed: 0,
        introduced: 1,
        remaining: 0,
        rows: [{ id: text, change: 'introduced', package: text, version: text, score: 1, status: text }],
      },
      kernel: { from: [text], to: [] },
      files: [
        {
          partition: text,
          added: 0,
          removed: 0,
          changed: 1,
          rows: [{ path: text, change: 'changed', differs: [text], fromBytes: 1, toBytes: 2 }],
        },
      ],
      filesUnknown: text,
    },
  ],
  links: new Map([[text, [{ label: text, href: text }]]]),
});

const diagnosticOf = (text: string): Diagnostic => ({
  code: 'key-unknown',
  severity: 'error',
  message: text,
  hint: text,
  where: { file: text, line: 3, column: 5, endLine: 3, endColumn: 9 },
});

/** Everything that people read on a terminal, in a log or in a mail. */
const TEXTS: Record<string, (text: string) => string | Promise<string>> = {
  'a name': (text) => `${printable(text)}\n`,
  'a message': (text) => `${printableMessage(text, '  ')}\n`,
  'rows': (text) => formatRows([[text, text]]),
  'columns': (text) =>
    formatColumns([
      ['a', 'b'],
      [text, text],
    ]),
  'a table of Targets': (text) => table(['NAME'], [[text]]),
  'diagnostics': (text) =>
    formatDiagnostics([diagnosticOf(text), { ...diagnosticOf(text), severity: 'warning' }], '/', false),
  'events': (text) => {
    let said = '';
    const view = plainView((written) => void (said += written));
    const events: ReleaseEvent[] = [
      { type: 'step-started', id: '1', title: text },
      { type: 'step-progress', id: '1', message: text },
      { type: 'step-done', id: '1', message: text },
      { type: 'step-failed', id: '1', title: text, message: text },
      { type: 'step-skipped', id: '1', title: text, reason: text },
      { type: 'note', message: `of ${text}` },
      { type: 'warning', message: text },
    ];
    for (const event of events) view(event);
    return said;
  },
  'tasks': async (text) => {
    let said = '';
    const drive = plainDrive(plainView((written) => void (said += written)));
    await drive([{ title: text, run: async () => ({ state: 'failed', message: text }) }]);
    return said;
  },
  'the summary of a run': (text) => summaryTable(reportOf(text)),
  'a night': (text) =>
    nightInWords({
      ranAt: text,
      damaged: { [text]: [text] },
      unreadable: { [text]: [text] },
      changes: [text],
      readBytes: 1,
      archivedBytes: 2,
      unneeded: [{ pair: text, sizeBytes: 3 }],
      emptied: [text],
      since: text,
    }),
  'plan --against': (text) =>
    againstText(
      text,
      {
        builds: [text],
        adopted: [text],
        deltas: [{ from: text, to: text, engine: 'rdiff', why: text }],
        remade: [],
        dropped: [{ from: text, to: text }],
        removed: [{ version: text, neededBy: [text] }],
        retagged: [{ version: text, gained: [text], lost: [text] }],
        settings: [{ key: text, before: text, after: text }],
        pending: 1,
      } as unknown as Parameters<typeof againstText>[1],
      [text],
    ),
  'rebuild': (text) =>
    rebuildInWords({
      version: '0.1.0',
      isSame: false,
      dir: text,
      tools: { [text]: [text, text] },
      images: [
        {
          file: text,
          archivedSha256: 'a',
          rebuiltSha256: 'b',
          isOpened: true,
          differences: [{ path: text, what: 'content', cause: text }],
        },
      ],
    } as unknown as Parameters<typeof rebuildInWords>[0]),
  'inspect': (text) =>
    inspectionText({
      members: [{ name: text, sizeBytes: 1, sha256: 'a'.repeat(64) }],
      description: {
        version: text,
        description: text,
        views: [
          {
            board: text,
            set: text,
            mode: text,
            hardware: [text],
            entries: [{ type: text, filename: text, device: text, properties: { rdiffbase: text } }],
            bootenv: [{ name: text, value: text }],
          },
        ],
      },
      checks: [{ check: 'archive', result: 'fail', detail: text }],
      findings: [{ code: 'swu-guard', severity: 'error', message: text, hint: text }],
    } as unknown as Parameters<typeof inspectionText>[0]),
  'publish': async (text) =>
    await publishedInWords({
      exitCode: 4,
      unproven: [{ subject: text, reason: text }],
      destinations: [
        {
          name: text,
          kind: text,
          address: text,
          outcome: { state: 'failed', message: text },
          plan: { items: [{ package: { fileName: text }, presence: { state: 'missing', detail: text } }] },
          packages: { sent: [], present: [], left: [{ package: { fileName: text }, reason: text }] },
        },
      ],
    } as unknown as Parameters<typeof publishedInWords>[0]),
  'static deltas': (text) =>
    dryRunText(
      [{ from: { versions: [text] }, to: { versions: [text] } }] as unknown as Parameters<typeof dryRunText>[0],
      text,
      text,
    ),
};

for (const [name, render] of Object.entries(TEXTS))
  test(`terminal and logs: ${name}`, async () => {
    // What is written as a whole passes the edge of cli.ts besides: it may not be the only thing that helps.
    for (const text of FOREIGN) {
      const said = await render(text);
      assert.equal(harmIn(printableLines(said)), [], `${JSON.stringify(text)} gives ${JSON.stringify(said)}`);
      assert.equal(
        harmIn(said).filter((one) => !one.startsWith('a command')),
        [],
        `${JSON.stringify(text)} gives ${JSON.stringify(said)}`,
      );
    }
  });

test('what is no harm stays as it is', () => {
  for (const text of ['Grüße, 你好, שלום, سلام', 'می\u200cخواهم', '👩\u200d💻', 'a::b ## c [d]', 'x: 1 -> 2']) {
    assert.is(printable(text), text);
    assert.is(printableLines(`${text}\n\t${text}\n`), `${text}\n\t${text}\n`);
  }
});

test('Markdown: nothing but text, in one line', () => {
  for (const text of FOREIGN) {
    const made = markdownText(text);
    assert.not.match(made, '\n');
    assert.not.match(made.replace(/\\[^\w\s]/g, ''), /[`*[\]|<~]/, made);
    // It never begins a line.
    assert.equal(harmIn(`| ${made}`), []);
    const back = made
      .replace(/\\([^\w\s])/g, '$1')
      .replaceAll('&lt;', '<')
      .replaceAll('&amp;', '&');
    assert.is(back, printable(text.replace(/\s*\n\s*/g, ' ')), 'a reader sees what it was');
  }
});

test('HTML: nothing but text, in one line', () => {
  for (const text of FOREIGN) {
    const made = htmlText(text);
    assert.not.match(made.replace(/&(lt|gt|quot|amp|#39);/g, ''), /[<>"'&\n]/);
    assert.is(unescaped(made), printable(text.replace(/\s*\n\s*/g, ' ')));
  }
});

test('GitHub: no line break, and in a property no end of it', () => {
  for (const text of FOREIGN) {
    assert.not.match(githubData(text), /[\r\n]/);
    assert.not.match(githubData(text).replace(/%(25|0D|0A)/g, ''), '%');
    assert.not.match(githubProperty(text), /[\r\n:,]/);
  }
});

test('XML: well-formed, and a reader sees what it was', () => {
  const path = join(scratch('foreign-xml'), 'x.xml');
  for (const text of FOREIGN) {
    writeFileSync(path, `<?xml version="1.0" encoding="UTF-8"?>\n<a b="${xmlText(text)}">${xmlText(text)}</a>\n`);
    const said = execFileSync('python3', [
      '-c',
      'import sys, json, xml.etree.ElementTree as t; r = t.parse(sys.argv[1]).getroot(); print(json.dumps([r.get("b"), r.text]))',
      path,
    ]);
    assert.equal(JSON.parse(said.toString('utf8')), [printableLines(text), printableLines(text)]);
  }
});

test('JSON: the same values, and nothing unseen', () => {
  for (const text of FOREIGN) {
    const value = { [text]: [text] };
    assert.equal(JSON.parse(prettyJson(value)), value);
    assert.equal(harmIn(prettyJson(value)), []);
    // What is sealed is compared byte for byte, by earlier and later releases.
    assert.equal(openSealedJson(sealJson(value)), { value });
    assert.is(sealJson(value), `${JSON.stringify({ ...value, self: JSON.parse(sealJson(value)).self }, null, 2)}\n`);
  }
});

for (const format of reportFormats)
  test(`the consistency report as ${format.name}`, () => {
    const plain = format.render(reportOf('plain'), factsOf('plain'));
    for (const text of FOREIGN) {
      const made = format.render(reportOf(text), factsOf(text));
      assert.equal(harmIn(made), [], JSON.stringify(text));
      const structure = (one: string): string[] =>
        one.match(format.name === 'html' ? /<[^>]*>/g : /^.{0,2}|^#.*$/gm) ?? [];
      if (format.name === 'json') assert.equal(JSON.parse(made), reportOf(text));
      // The same elements; the same lines, each beginning as it does.
      else if (format.name === 'html') assert.equal(structure(made).map(nameOf), structure(plain).map(nameOf));
      else assert.equal(made.split('\n').map(shapeOf), plain.split('\n').map(shapeOf));
    }
  });

const nameOf = (tag: string): string => tag.split(/[\s>]/)[0] ?? tag;
/** How a line of Markdown begins, and how many cells it has. */
const shapeOf = (line: string): string =>
  `${/^(#+ |\| |\*\*|)/.exec(line)?.[0]} ${line.replace(/\\\\|\\\|/g, '').split('|').length}`;

for (const format of diagnosticFormats)
  test(`diagnostics as ${format.name}`, () => {
    for (const text of FOREIGN) {
      const made = format.render({ files: [text], diagnostics: [diagnosticOf(text), diagnosticOf(text)] });
      const harm = harmIn(made).filter((one) => format.name !== 'github' || !one.startsWith('a command'));
      assert.equal(harm, [], JSON.stringify(text));
      if (format.name === 'github') {
        const lines = made.trimEnd().split('\n');
        assert.is(lines.length, 2);
        for (const line of lines)
          assert.match(line, /^::error file=[^,:]*,line=3,col=5,endColumn=8,title=key-unknown::/);
      } else if (format.name !== 'junit') assert.type(JSON.parse(made), 'object');
    }
  });

test.run();
