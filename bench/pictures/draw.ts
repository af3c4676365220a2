/** SVG by hand, for light and dark pages: nothing in it needs anything from elsewhere. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { xmlText } from '../../src/text/xml.ts';

const images = fileURLToPath(new URL('../../docs/images', import.meta.url));

const STYLE = `
    .name { font-size: 15px; font-weight: 600; fill: #1f2328; }
    .text { font-size: 12.5px; fill: #424a53; }
    .end { text-anchor: end; }
    .middle { text-anchor: middle; }
    .base { fill: #54aeff; }
    .fresh { fill: #fb8f44; }
    .calm { fill: #d0d7de; }
    .line { stroke: #8c959f; stroke-width: 1; fill: none; }
    .curve { stroke: #0969da; stroke-width: 2.5; fill: none; }
    .mark { fill: #0969da; }
    @media (prefers-color-scheme: dark) {
      .name { fill: #f0f6fc; }
      .text { fill: #c9d1d9; }
      .base { fill: #1f6feb; }
      .fresh { fill: #db6d28; }
      .calm { fill: #30363d; }
      .line { stroke: #6e7681; }
      .curve { stroke: #58a6ff; }
      .mark { fill: #58a6ff; }
    }
  `;

/** Writes a picture. @param desc what it shows, for those who do not see it */
export function write(
  name: string,
  [width, height]: [number, number],
  title: string,
  desc: string,
  parts: string[],
): void {
  const head =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" ` +
    'aria-labelledby="title desc" font-family="system-ui, -apple-system, \'Segoe UI\', sans-serif">';
  const about = `  <title id="title">${xmlText(title)}</title>\n  <desc id="desc">${xmlText(desc)}</desc>`;
  const body = parts.map((part) => `  ${part}`).join('\n');
  writeFileSync(join(images, name), `${head}\n${about}\n  <style>${STYLE}</style>\n${body}\n</svg>\n`);
}

export const text = (x: number, y: number, of: string, kind = 'text'): string =>
  `<text class="${kind}" x="${round(x)}" y="${round(y)}">${xmlText(of)}</text>`;

export const box = (kind: string, x: number, y: number, width: number, height: number): string =>
  `<rect class="${kind}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"/>`;

export const round = (value: number): number => Math.round(value * 10) / 10;
