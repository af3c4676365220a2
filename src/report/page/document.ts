import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { packageFile } from '../../io/package.ts';
import { html, trusted, type Html, type Part } from './markup.ts';

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * Nothing may be fetched, and nothing run or styled but what we wrote, whatever stands in the text.
 *
 * @see https://www.w3.org/TR/CSP3/
 */
const policyOf = (style: string, script: string): string =>
  [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    `script-src ${hashOf(script)}`,
    "form-action 'none'",
    "base-uri 'none'",
  ].join('; ');

const templateOf = (name: string): string => readFileSync(packageFile(`templates/report/${name}`), 'utf8');

/** A whole document. */
export const documentOf = (title: string, body: Part): string => {
  const [style, script] = [templateOf('page.css'), templateOf('page.js')];
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policyOf(style, script)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        ${trusted(`<style>${style}</style>`)}
      </head>
      <body>
        <div class="page">${body}</div>
        ${trusted(`<script>${script}</script>`)}
      </body>
    </html>`.text;
};

/** What stands at the top: of what the page is, and as of when. */
export const heading = (title: string, what: Part, when: Part): Html =>
  html`<a class="skip" href="#details">Skip to the details</a>
    <header class="top">
      <div class="what">
        <h1>${title}</h1>
        <p>${what}</p>
      </div>
      <p>${when}</p>
    </header>`;
