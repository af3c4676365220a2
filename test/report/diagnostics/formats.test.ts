import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Diagnostic } from '../../../src/core/diagnostic.ts';
import type { Findings } from '../../../src/report/diagnostics/format.ts';
import { diagnosticFormats } from '../../../src/report/diagnostics/registry.ts';

const test = suite('report: formats of diagnostics');

const render = (name: string, found: Findings): string => {
  const format = diagnosticFormats.find((one) => one.name === name);
  if (format === undefined) throw new Error(`no format ${name}`);
  return format.render(found);
};

const found: Findings = {
  files: ['plans/a b.yml', 'ok.yml', '/srv/plan.yml'],
  diagnostics: [
    {
      code: 'key-unknown',
      severity: 'error',
      message: 'unknown key "a<b>", 100%',
      hint: 'Did you mean "c"?',
      where: { file: 'plans/a b.yml', line: 3, column: 5, endLine: 3, endColumn: 9 },
    },
    {
      code: 'delta-empty',
      severity: 'warning',
      message: 'two\nlines: one, two',
      where: { file: 'plans/a b.yml', line: 7, column: 1, endLine: 9, endColumn: 2 },
    },
    { code: 'plan-not-found', severity: 'error', message: 'no plan' },
    {
      code: 'key-unknown',
      severity: 'error',
      message: 'unknown key "a<b>", 100%',
      where: { file: 'plans/a b.yml', line: 30, column: 5 },
    },
  ],
};

const text = fc.string({ unit: 'binary', maxLength: 20 });
const anything: fc.Arbitrary<Findings> = fc.record({
  files: fc.array(text, { maxLength: 3 }),
  diagnostics: fc.array(
    fc.record({
      code: fc.constantFrom('key-unknown', 'delta-empty'),
      severity: fc.constantFrom('error', 'warning'),
      message: text,
      hint: text,
      where: fc.record({ file: text, line: fc.integer({ min: 1, max: 99 }), column: fc.integer({ min: 1, max: 99 }) }),
    }) as fc.Arbitrary<Diagnostic>,
    { maxLength: 4 },
  ),
});

/**
 * The published schema, as a package for test suites carries it. Draft 4; what differs from draft 7 does not occur in
 * it.
 */
function sarifValidator() {
  const path = createRequire(import.meta.url).resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
  const { $schema: _draft, id: _id, ...schema } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  return new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(schema);
}

test('SARIF is as its published schema wants it', () => {
  const validate = sarifValidator();
  assert.not.ok(validate({ version: '2.1.0', runs: [{}] }), 'the schema refuses something');
  for (const one of [found, { files: [], diagnostics: [] }])
    assert.ok(validate(JSON.parse(render('sarif', one))), JSON.stringify(validate.errors));
  fc.assert(
    fc.property(anything, (one) =>
      assert.ok(validate(JSON.parse(render('sarif', one))), JSON.stringify(validate.errors)),
    ),
    { numRuns: 50 },
  );
});

test('SARIF has rule, level, place and a stable fingerprint of each result', () => {
  const {
    runs: [run],
  } = JSON.parse(render('sarif', found)) as {
    runs: Array<{
      tool: { driver: { rules: Array<{ id: string }> } };
      results: Array<{
        ruleId: string;
        ruleIndex: number;
        level: string;
        partialFingerprints: object;
        locations?: unknown[];
      }>;
    }>;
  };
  assert.equal(
    run?.results.map((one) => one.level),
    ['error', 'warning', 'error', 'error'],
  );
  for (const one of run?.results ?? []) assert.is(run?.tool.driver.rules[one.ruleIndex]?.id, one.ruleId);
  assert.equal(run?.results[0]?.partialFingerprints, run?.results[3]?.partialFingerprints);
  assert.equal(run?.results[0]?.locations, [
    {
      physicalLocation: {
        artifactLocation: { uri: 'plans/a%20b.yml' },
        region: { startLine: 3, startColumn: 5, endLine: 3, endColumn: 9 },
      },
    },
  ]);
  assert.not.ok('locations' in (run?.results[2] ?? {}));
});

test('GitHub annotations stay on their line', () => {
  assert.equal(render('github', found).split('\n'), [
    '::error file=plans/a b.yml,line=3,col=5,endColumn=8,title=key-unknown::unknown key "a<b>", 100%25%0ADid ' +
      'you mean "c"?',
    '::warning file=plans/a b.yml,line=7,endLine=9,title=delta-empty::two%0Alines: one, two',
    '::error title=plan-not-found::no plan',
    '::error file=plans/a b.yml,line=30,col=5,title=key-unknown::unknown key "a<b>", 100%25',
    '',
  ]);
  fc.assert(
    fc.property(anything, (one) => {
      const lines = render('github', one).split(/\r\n|\n|\r/);
      assert.is(lines.length, one.diagnostics.length + 1);
      for (const line of lines.slice(0, -1)) assert.match(line, /^::(?:error|warning) /);
    }),
  );
});

test('GitLab issues have what code quality needs, each a fingerprint of its own', () => {
  const issues = JSON.parse(render('gitlab', found)) as Array<{
    description: string;
    check_name: string;
    fingerprint: string;
    severity: string;
    location: { path: string; lines: { begin: number } };
  }>;
  assert.equal(
    issues.map((one) => [one.check_name, one.severity, one.location.path, one.location.lines.begin]),
    [
      ['key-unknown', 'major', 'plans/a b.yml', 3],
      ['delta-empty', 'minor', 'plans/a b.yml', 7],
      ['plan-not-found', 'major', 'plans/a b.yml', 1],
      ['key-unknown', 'major', 'plans/a b.yml', 30],
    ],
  );
  assert.is(new Set(issues.map((one) => one.fingerprint)).size, 4);
});

test('JUnit is well-formed XML with a suite for each plan', () => {
  const xml = render('junit', found);
  assert.is(xml.match(/<testsuite /g)?.length, 4);
  assert.is(xml.match(/<failure /g)?.length, 3);
  assert.match(xml, 'message="unknown key &quot;a&lt;b&gt;&quot;, 100%"');
  assert.match(xml, '<testcase classname="ok.yml" name="valid"/>');
  fc.assert(
    fc.property(anything, (one) => wellFormed(render('junit', one))),
    { numRuns: 5 },
  );
});

/** By Python's expat, which Debian's kas brings along. */
function wellFormed(xml: string): void {
  execFileSync(
    'python3',
    ['-c', 'import sys, xml.parsers.expat; xml.parsers.expat.ParserCreate().Parse(sys.stdin.buffer.read(), True)'],
    { input: xml },
  );
}

test('JSON counts and keeps everything', () => {
  assert.equal(JSON.parse(render('json', found)), {
    schema: 1,
    files: found.files,
    errors: 3,
    warnings: 1,
    diagnostics: found.diagnostics,
  });
});

test.run();
