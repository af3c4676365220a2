import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runRecord } from '../../src/jobs/record-run.ts';
import { documentProblem } from '../../src/io/documents/read.ts';
import { FAILURES, oneVersion, thirtyVersions } from '../report/page/fixtures.ts';

const test = suite('jobs/record-run');
const start = { kind: 'apply', startedAt: '2026-01-01T00:00:00.000Z', startMs: 1000 } as const;
const step = (state: 'done' | 'failed' | 'skipped') => ({ outcome: { state, message: '' } });

test('the record of a bad run counts what failed and names it', async () => {
  const { report } = thirtyVersions(FAILURES);
  const results = [step('done'), step('failed'), step('skipped'), step('skipped')];
  const record = runRecord({ report, results }, start, 3, 61_000.4);
  assert.equal(
    [record.durationMs, record.exitCode, record.consistent, record.steps],
    [60_000, 3, false, { done: 1, failed: 1, skipped: 2 }],
  );
  assert.equal(record.checks, { pass: 216, fail: 4, notChecked: 25 });
  assert.equal(
    record.failed.map(({ subject }) => subject),
    FAILURES.map(({ subject }) => subject),
  );
  assert.equal(record.sizes?.updates, 25);
  assert.is(record.transferBytes, report.transfer?.sendBytes);
  assert.is(await documentProblem('run', record), undefined);
});

test('what is not known is not there: no sizes without updates, no bytes where nothing was published', async () => {
  const record = runRecord({ report: oneVersion().report, results: [] }, { ...start, kind: 'nightly' }, 0, 1000);
  assert.equal([record.sizes, record.transferBytes, record.sentBytes], [undefined, undefined, undefined]);
  assert.is(await documentProblem('run', record), undefined);
});

test.run();
