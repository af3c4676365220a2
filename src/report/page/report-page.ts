import type { ConsistencyReport } from '../../core/report.ts';
import { changesSection } from './changes.ts';
import { checksSection, warningsSection } from './checks.ts';
import { documentOf, heading } from './document.ts';
import type { PageFacts } from './facts.ts';
import { fleetSection } from './fleet.ts';
import { html } from './markup.ts';
import { publishedSection } from './published.ts';
import { rolloutsSection } from './rollouts.ts';
import { runsSection } from './runs.ts';
import { tiles } from './tiles.ts';
import { updatesSection } from './updates.ts';
import { verdict } from './verdict.ts';
import { timeOf } from './words.ts';

/** The report as one page without other files: to open, to print, to attach to a build or a mail. */
export function reportPage(report: ConsistencyReport, facts: PageFacts): string {
  const { product, machine, image, generatedAt, consistent, warnings } = report;
  return documentOf(
    `${consistent ? 'GO' : 'NO-GO'}: ${product}, ${machine}`,
    html`${heading(product, `${machine}, ${image}`, html`as of ${timeOf(generatedAt)}`)}
      <main>
        ${verdict(report)} ${tiles(report, facts.runs)}
        <div id="details" class="cards wide">
          ${fleetSection(report)} ${runsSection(facts.runs)} ${updatesSection(report, facts)}
          ${changesSection(report, facts)} ${publishedSection(facts.published)} ${rolloutsSection(facts.rollouts)}
          ${checksSection(report, facts)} ${warningsSection(warnings)}
        </div>
      </main>
      <footer>Consistency report by release-plan. Sizes are in units of 1024; times are UTC.</footer>`,
  );
}
