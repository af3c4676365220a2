/** The browser that pages are tested in: Debian's own, which nothing has to be downloaded for. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const PROGRAM = '/usr/bin/chromium';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Why there is no browser; undefined where there is one. */
export function missingBrowser(): string | undefined {
  try {
    accessSync(PROGRAM, constants.X_OK);
    return undefined;
  } catch {
    return `${PROGRAM} is missing: install Debian's package chromium`;
  }
}

/** A container has no namespaces to make a sandbox of, and the pages are ours. */
export const openBrowser = async (): Promise<Browser> =>
  await chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox'], timeout: 60_000 });

export interface OpenPage {
  page: Page;
  /** What the page asked for beside itself, and what it complained of. */
  requests: string[];
  complaints: string[];
}

/** Opens a file, and hears what it does. */
export async function openPage(browser: Browser, file: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const opened: OpenPage = { page, requests: [], complaints: [] };
  const url = `file://${file}`;
  page.on('request', (request) => {
    if (request.url() !== url) opened.requests.push(request.url());
  });
  page.on('console', (message) => opened.complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => opened.complaints.push(error.message));
  page.on('dialog', (dialog) => {
    opened.complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return opened;
}

/**
 * What axe finds wrong, a line each.
 *
 * @param rules all unless given
 * @see https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md
 */
export async function barriers(page: Page, rules?: readonly string[]): Promise<string[]> {
  await page.evaluate(axe);
  const options = rules === undefined ? {} : { runOnly: { type: 'rule', values: rules } };
  const { violations } = await page.evaluate(
    async (given) =>
      await (globalThis as unknown as { axe: { run(given: object): Promise<AxeResults> } }).axe.run(given),
    { ...options, resultTypes: ['violations'] },
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}
