/** The package against what the plan and the archive say of it. */
import type { Diagnostic } from '../../core/diagnostic.ts';
import { viewName, type View } from '../views.ts';
import { error, type Expected, type ExpectedPayload, type LintContext, type LintRule } from './context.ts';
import { guardOf, isTargetGuarded, readbackOf } from './guard.ts';

/** Version, boards, hardware and selections are the plan's. */
export const packageIsAsPlanned: LintRule = (context) => {
  const { description, expected } = context;
  if (expected === undefined) return [];
  const version =
    description.version === expected.version
      ? []
      : [
          error(
            'swu-version',
            `sw-description has version ${description.version ?? '(none)'}, not ${expected.version}`,
          ),
        ];
  return [...version, ...expected.boards.flatMap((board) => boardIsAsPlanned(board, expected, context))];
};

function boardIsAsPlanned(
  { name, hardware }: Expected['boards'][number],
  expected: Expected,
  context: LintContext,
): Diagnostic[] {
  const selections = expected.selections.length === 0 ? [undefined] : expected.selections;
  return selections.flatMap((selection, index) => {
    const view = context.description.views.find(
      (one) =>
        (one.board === name || one.board === undefined) &&
        one.selection?.set === selection?.set &&
        one.selection?.mode === selection?.mode,
    );
    if (view === undefined)
      return [
        error(
          'swu-selection',
          `${viewName({ board: name, ...(selection ? { selection } : {}) })} finds nothing to install`,
        ),
      ];
    const wrong = (view.hardware ?? []).toSorted().join(', ') !== hardware.toSorted().join(', ');
    return [
      ...(wrong && view.hardware !== undefined
        ? [
            error(
              'swu-hardware',
              `${viewName(view)}: hardware-compatibility is ${view.hardware.join(', ')}, not ${hardware.join(', ')}`,
            ),
          ]
        : []),
      ...expected.payloads.flatMap((payload) => payloadIsAsPlanned(payload, index, view, context)),
    ];
  });
}

function payloadIsAsPlanned(payload: ExpectedPayload, place: number, view: View, context: LintContext): Diagnostic[] {
  const { device, base } = payload.places[place] ?? payload.places[0] ?? {};
  const what = `${viewName(view)}: ${payload.filename}`;
  const entry = view.entries.find((one) => one.filename === payload.filename);
  if (entry === undefined) return [error('swu-selection', `${what} is not installed`)];
  const findings: Diagnostic[] = [];
  if (entry.type !== payload.type)
    findings.push(error('swu-handler', `${what} goes to ${entry.type}, not ${payload.type}`));
  const to = entry.device ?? entry.volume ?? entry.path;
  if (to !== device) findings.push(error('swu-base', `${what} is written to ${to ?? 'nothing'}, not ${device}`));
  if (payload.base !== undefined && entry.properties.rdiffbase !== base)
    findings.push(
      error('swu-base', `${what} is applied to ${entry.properties.rdiffbase ?? 'nothing'}, not ${base ?? 'nothing'}`),
    );
  const guard = guardOf(entry, view, context.description);
  const { base: from } = payload;
  if (from !== undefined && guard !== undefined) {
    const isThatBase = guard.sha256 === from.sha256 && (guard.sizeBytes ?? from.sizeBytes) === from.sizeBytes;
    if (!isThatBase) findings.push(error('swu-guard', `${what}: the guard looks for another base than ${from.sha256}`));
  }
  if (
    context.expected?.isGuarded === true &&
    entry.type === 'raw' &&
    !isTargetGuarded(entry, view, context.description)
  )
    findings.push(error('swu-guard', `${what}: nothing looks at the target before it is written`));
  const readback = readbackOf(entry.device, view);
  if (readback !== undefined) {
    const isThatImage = readback.sha256 === payload.image.sha256 && readback.size === String(payload.image.sizeBytes);
    if (!isThatImage)
      findings.push(error('swu-readback', `${what}: read back for another image than ${payload.image.sha256}`));
  }
  return findings;
}
