/** The report as a page, in a real browser: what it shows and does, and that it fetches nothing. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { indexPage } from '../../../src/report/page/index-page.ts';
import { reportPage } from '../../../src/report/page/report-page.ts';
import { scratch } from '../../support/scratch.ts';
import { barriers, missingBrowser, openBrowser, openPage } from './browser.ts';
import { FAILURES, oneVersion, ostreePlan, runs, thirtyVersions, type PageCase } from './fixtures.ts';

const test = suite('report: page');
const dir = scratch('page');
const write = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};
const pageOf = (name: string, { report, facts }: PageCase): string => write(`${name}.html`, reportPage(report, facts));

const good = thirtyVersions();
const bad = thirtyVersions(FAILURES);
const pages = {
  'one version': pageOf('one', oneVersion()),
  'thirty versions': pageOf('thirty', good),
  'failures': pageOf('bad', bad),
  'an OSTree plan': pageOf('ostree', ostreePlan()),
  'the front page': write(
    'index.html',
    indexPage([
      {
        product: 'tolomeo',
        machine: 'a',
        image: 'prod',
        plan: 'a.yml',
        page: 'thirty.html',
        report: good.report,
        runs: runs(30, [3]),
      },
      {
        product: '<b>lmp</b>',
        machine: 'b',
        image: 'prod',
        plan: 'b.yml',
        page: 'bad.html',
        report: bad.report,
        runs: runs(2),
      },
      { product: 'new', machine: 'c', image: 'prod', plan: 'c.yml', runs: [] },
    ]),
  ),
};

const missing = missingBrowser();
let browser: Browser;
if (missing === undefined) {
  test.before(async () => void (browser = await openBrowser()));
  test.after(async () => await browser.close());
} else process.stdout.write(`${missing}\n`);
const inBrowser = missing === undefined ? test : test.skip;

const WIDTHS = [360, 1280, 3840];
for (const [what, file] of Object.entries(pages))
  inBrowser(`${what}: no barrier, no request, no complaint, no wider than the window, light and dark`, async () => {
    const { page, requests, complaints } = await openPage(browser, file, { colorScheme: 'light' });
    // The failures unfold the same parts, and axe looks at each element.
    if (what !== 'thirty versions')
      await page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))");
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 1000 });
      assert.is(await page.evaluate('document.documentElement.scrollWidth'), width);
    }
    await page.setViewportSize({ width: 1280, height: 1000 });
    assert.equal(await barriers(page), []);
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.equal(await barriers(page, ['color-contrast']), []);
    assert.equal([requests, complaints], [[], []]);
    await page.context().close();
  });

/** Subjects of checks that are seen, and their rows. */
const seen = async (page: Page): Promise<{ subjects: string[]; rows: number }> => ({
  subjects: await page.locator('details.subject:visible > summary .name').allTextContents(),
  rows: await page.locator('details.subject tr[data-result]:visible').count(),
});

inBrowser('NO-GO names its reasons; the failing subjects are open, the others folded', async () => {
  const { page } = await openPage(browser, pages.failures);
  assert.is(await page.title(), 'NO-GO: tolomeo, tolomeo-qemux86-64');
  assert.equal(
    await page.locator('.verdict li strong').allTextContents(),
    FAILURES.map(({ subject }) => subject),
  );
  const { subjects, rows } = await seen(page);
  assert.equal(subjects, ['2.2.9', '2.1.0 -> 2.2.9', FAILURES[3]?.subject]);
  assert.is(rows, 5 + 7 + 1);
  await page.context().close();
});

inBrowser('what is text in the report is text on the page', async () => {
  const { page, complaints } = await openPage(browser, pages.failures);
  assert.is(await page.locator('body img').count(), 0);
  assert.is(await page.locator('body script').count(), 1);
  assert.match(await page.locator('.verdict').innerText(), FAILURES[3]?.detail ?? '');
  assert.equal(complaints, []);
  await page.context().close();
});

inBrowser('checks are filtered by result and text, and come back', async () => {
  const { page } = await openPage(browser, pages.failures);
  const before = await seen(page);
  await page.getByText('Failed 4').click();
  assert.equal((await seen(page)).rows, 4);
  assert.is(await page.getByRole('status').textContent(), '4 of 245 checks');
  await page.getByText('Not checked', { exact: false }).first().click();
  await page.getByPlaceholder('Filter by text').fill('2.1.4 swupdate');
  assert.equal(await seen(page), { subjects: ['2.1.4 -> 2.2.9'], rows: 1 });
  await page.getByPlaceholder('Filter by text').fill('no such thing');
  assert.equal(await seen(page), { subjects: [], rows: 0 });
  await page.getByPlaceholder('Filter by text').fill('');
  await page.locator('.filter').getByText('All').click();
  assert.equal(await seen(page), before);
  await page.context().close();
});

inBrowser('an update unfolds by keyboard to its partitions, the files of its delta and its links', async () => {
  const { page } = await openPage(browser, pages['thirty versions']);
  await page.keyboard.press('Tab');
  assert.is(await page.evaluate('document.activeElement.textContent'), 'Skip to the details');
  const entry = page.locator('details.entry').first();
  await entry.locator('summary').focus();
  await page.keyboard.press('Enter');
  assert.equal(await entry.locator('table').first().locator('tbody th').allTextContents(), ['rootfs', 'boot', 'data']);
  assert.is(await entry.locator('table.files tbody th').first().innerText(), '/usr/lib/libcrypto.so.3');
  assert.is(
    await entry.locator('.links a').first().getAttribute('href'),
    '../2.2.9/updates/from_2.2.8/delta-update-2.2.8-to-2.2.9.swu',
  );
  await page.context().close();
});

inBrowser(
  'what changed unfolds to layers with their commits, packages with licences, vulnerabilities and files',
  async () => {
    const { page, complaints } = await openPage(browser, pages['thirty versions']);
    const entry = page.locator('#changes details.entry').first();
    assert.equal(await entry.locator('.counts span').allTextContents(), [
      '2 layers',
      '21 packages',
      '1 vulnerability fixed, 1 new',
      '2404 files',
    ]);
    await entry.locator('summary').first().click();
    const rowsOf = async (caption: RegExp): Promise<string[][]> => {
      const rows = entry.getByRole('table', { name: caption }).locator('tbody tr');
      return await rows.evaluateAll((found) =>
        found.map((row) => [...row.children].map((cell) => cell.textContent?.replace(/\s+/g, ' ').trim() ?? '')),
      );
    };
    assert.equal(await rowsOf(/^Layers/), [
      ['meta-gateway', '0a1b2c3d4e5f', 'fedcba987654', '12 commits'],
      ['meta-local', '\u2013', 'fedcba987654', '\u2013'],
    ]);
    assert.match(
      (await entry.getByRole('link', { name: '12 commits' }).getAttribute('href')) ?? '',
      /^https:\/\/git\.example/,
    );
    const packages = await rowsOf(/^Packages/);
    assert.is(packages.length, 15);
    assert.equal(packages.slice(0, 3), [
      ['libfoo', 'other licence', 'GPL-2.0-only', 'MIT', 'MIT'],
      ['gatewayd-extra', 'added', '\u2013', '1.2-r0', 'Apache-2.0'],
      ['<i>telnetd</i>', 'removed', '0.17-r1', '\u2013', '\u2013'],
    ]);
    assert.equal((await rowsOf(/^Vulnerabilities/))[0], ['CVE-2026-1000', 'new', 'busybox 1.36.1', '9.8', 'none']);
    assert.equal((await rowsOf(/^Files/))[0], ['/usr/bin/su', 'mode, owner', '69.3 KiB', '69.3 KiB']);
    await entry.getByText('6 more').click();
    assert.ok(await entry.getByRole('rowheader', { name: 'package-17' }).isVisible());
    assert.match(await entry.innerText(), /2,401 more, which release-plan changes lists/);
    assert.equal(complaints, []);
    await page.context().close();
  },
);

inBrowser('each group of devices has its bar and its bytes, and the bars of the ways fill the whole', async () => {
  const { page } = await openPage(browser, pages['thirty versions']);
  const widths = await page
    .locator('.tag')
    .first()
    .locator('> .bar rect:not(.track)')
    .evaluateAll((rects) => rects.map((one) => one.getBoundingClientRect().width));
  const track = await page
    .locator('.tag .bar .track')
    .first()
    .evaluate((one) => one.getBoundingClientRect().width);
  assert.is(widths.length, 4);
  assert.ok(Math.abs(widths.reduce((sum, one) => sum + one, 0) - track) < track * 0.02);
  const first = page.locator('table.groups').first().locator('tbody tr').first();
  assert.equal((await first.innerText()).split(/\s*\t\s*/), ['2.2.8', '8,800', 'by delta', '3.59 MiB', '30.8 GiB']);
  await page.context().close();
});

inBrowser('the runs are drawn, and a failed one can be told from a good one', async () => {
  const { page } = await openPage(browser, pages.failures);
  const outcome = page.getByRole('img', { name: /^Outcome of the last 30 runs: 3 of 30 runs failed/ });
  assert.is(await outcome.locator('rect.ok').count(), 27);
  assert.is(await outcome.locator('rect.bad').count(), 3);
  assert.is(
    await page
      .getByRole('img', { name: /^Size of an update/ })
      .locator('path.line')
      .count(),
    2,
  );
  await page.context().close();
});

inBrowser('on paper everything is unfolded, and folded again afterwards', async () => {
  const { page } = await openPage(browser, pages.failures);
  const open = async (): Promise<number> => await page.locator('details[open]').count();
  const before = await open();
  await page.evaluate(`addEventListener('beforeprint', () => {
    document.body.dataset.printed = document.querySelectorAll('details:not([open])').length;
  })`);
  assert.ok((await page.pdf({ format: 'A4' })).length > 10_000);
  assert.is(await page.evaluate('document.body.dataset.printed'), '0');
  assert.is(await open(), before);
  await page.context().close();
});

/** Every pixel of the page, whatever has the focus. */
const pixelsOf = async (page: Page): Promise<string> => {
  await page.evaluate('document.activeElement.blur()');
  return createHash('sha256')
    .update(await page.screenshot({ fullPage: true }))
    .digest('hex');
};

for (const width of [360, 1280])
  inBrowser(`${width} px: after filtering, folding and printing the page looks as before, to the pixel`, async () => {
    const { page } = await openPage(browser, pages['an OSTree plan'], { viewport: { width, height: 800 } });
    const before = await pixelsOf(page);
    await page.getByText('Failed 0').click();
    const filtered = await pixelsOf(page);
    assert.is.not(filtered, before);
    await page.locator('.filter').getByText('All').click();
    assert.is(await pixelsOf(page), before, 'filtered');
    const summary = page.locator('#updates details.entry > summary').first();
    await summary.click();
    assert.is.not(await pixelsOf(page), before);
    await summary.click();
    await page.mouse.move(0, 0);
    assert.is(await pixelsOf(page), before, 'folded');
    await page.pdf({ format: 'A4' });
    assert.is(await pixelsOf(page), before, 'printed');
    await page.context().close();
  });

inBrowser('without scripts everything is there, and no filter', async () => {
  const { page } = await openPage(browser, pages.failures, { javaScriptEnabled: false });
  assert.is(await page.locator('form.filter').isVisible(), false);
  assert.is(await page.locator('details.subject tr[data-result]').count(), bad.report.checks.length);
  await page.context().close();
});

inBrowser('the front page names first what needs a person, and leads to each page', async () => {
  const { page } = await openPage(browser, pages['the front page']);
  assert.equal(await page.locator('.plans .badge').allTextContents(), ['NO-GO', 'no report', 'GO']);
  assert.is(await page.locator('#verdict').innerText(), '1 of 3\nplans can be released.');
  await page.getByRole('link', { name: '<b>lmp</b>' }).click();
  assert.is(await page.title(), 'NO-GO: tolomeo, tolomeo-qemux86-64');
  await page.context().close();
});

test('a page is the same for the same report, and names no other host', () => {
  const text = reportPage(good.report, good.facts);
  assert.is(text, reportPage(good.report, good.facts));
  // Links to commits and vulnerabilities lead elsewhere when they are followed; nothing is fetched.
  const fetched = text.replaceAll(/<a href="https:\/\/[^"]*">/g, '');
  assert.not.match(fetched, /(src|href)="(https?:)?\/\//);
  assert.not.match(text, /javascript:/);
  assert.not.match(text, /@import|url\(/);
});

test.run();
