import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Step, WorkStep } from '../../src/core/step.ts';
import { graphOf } from '../../src/hosts/graph.ts';

const test = suite('hosts: graph');

const build = (version: string): Step => ({ kind: 'build', version, why: '' });
const archive = (version: string): Step => ({ kind: 'archive', version, why: '' });
const full = (version: string): Step => ({ kind: 'full', version, why: '' });
const delta = (from: string, to: string): Step => ({ kind: 'delta', from, to, engine: 'rdiff', why: '' });
const report: Step = { kind: 'report', why: '' };

const laneOf = ({ kind }: WorkStep): string | undefined =>
  kind === 'build' || kind === 'archive' ? 'build directory' : undefined;

test('a delta comes after both versions, a full package after its own, the report after everything', () => {
  const steps = [
    ...['1', '2', '3'].flatMap((version) => [build(version), archive(version)]),
    full('2'),
    delta('1', '2'),
    delta('0', '3'),
    delta('0', '00'),
    report,
  ];
  assert.equal(
    graphOf(steps, laneOf).map(({ after }) => after),
    [[], [0], [1], [2], [3], [4], [3], [1, 3], [5], [], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  );
});

test('steps of one lane come one after the other, as listed', () => {
  const nodes = graphOf([delta('1', '2'), delta('1', '3'), delta('2', '3')], () => 'repository');
  assert.equal(
    nodes.map(({ after }) => after),
    [[], [0], [1]],
  );
});

test('what a step waits for stands before it: no order can make it wait for ever', () => {
  const steps = [delta('1', '2'), archive('2'), build('1'), report];
  for (const [at, { after }] of graphOf(steps, laneOf).entries()) assert.ok(after.every((one) => one < at));
});

test.run();
