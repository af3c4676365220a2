import type { CheckRow, ConsistencyReport } from '../../core/report.ts';
import { counted } from '../../text/count.ts';
import { html, type Html } from './markup.ts';
import { devicesOf, grouped } from './words.ts';

/** Reasons that are listed; the rest are among the checks. */
const MOST_REASONS = 8;

/** GO or NO-GO, and why. */
export function verdict(report: ConsistencyReport): Html {
  const failed = report.checks.filter((row) => row.result === 'fail');
  const reasons = report.consistent ? reasonsToGo(report) : reasonsNotToGo(failed);
  const [tone, word, sentence] = report.consistent
    ? ['go', 'GO', 'Everything that the plan requires is in the archive, and no check fails.']
    : ['no-go', 'NO-GO', `${counted(failed.length, 'check')} ${failed.length === 1 ? 'fails' : 'fail'}.`];
  return html`<section class="verdict ${tone}" aria-labelledby="verdict">
    <h2 id="verdict"><span class="word">${word}</span> <span class="sentence">${sentence}</span></h2>
    <ul>
      ${reasons}
    </ul>
  </section>`;
}

function reasonsNotToGo(failed: readonly CheckRow[]): Html[] {
  const rest = failed.length - MOST_REASONS;
  return [
    ...failed
      .slice(0, MOST_REASONS)
      .map(
        (row) => html`<li><strong>${row.subject}</strong> <span class="check">${row.check}</span> ${row.detail}</li>`,
      ),
    ...(rest > 0 ? [html`<li><a href="#checks">and ${counted(rest, 'more failed check')}</a></li>`] : []),
  ];
}

function reasonsToGo({ scope, sizes, fulls = [], fleet = [], checks }: ConsistencyReport): Html[] {
  const notChecked = checks.filter((row) => row.result === 'not-checked').length;
  const passed = checks.length - notChecked;
  const lines = [
    `${counted(scope.versions.length, 'version')} in the archive, unaltered` +
      `${sizes.length === 0 ? '' : `, ${counted(sizes.length, 'update')} proven`}` +
      `${fulls.length === 0 ? '' : `, ${counted(fulls.length, 'full package')}`}`,
    ...fleet.map(
      ({ tag, to, devices, ways }) => `${grouped(devices - ways.none)} of ${devicesOf(devices)} on ${tag} reach ${to}`,
    ),
    `${counted(passed, 'check')} ${passed === 1 ? 'passes' : 'pass'}`,
  ];
  return [
    ...lines.map((line) => html`<li>${line}</li>`),
    ...(notChecked === 0
      ? []
      : [html`<li class="caveat"><a href="#checks">${counted(notChecked, 'check')} not made</a></li>`]),
  ];
}
