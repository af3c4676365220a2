import { html, type Html } from './markup.ts';

/** A part of a bar. */
export interface BarPart {
  /** Class that colours it. */
  tone: string;
  value: number;
}

/**
 * A bar of parts side by side. SVG, since its widths are attributes: inline styles would need a looser content security
 * policy. The figures stand beside it, so it says nothing to a screen reader.
 *
 * @param whole what the full width stands for
 */
export function bar(parts: readonly BarPart[], whole: number): Html {
  let at = 0;
  const shown = parts
    .filter(({ value }) => value > 0)
    .map(({ tone, value }) => {
      const width = whole === 0 ? 0 : (100 * value) / whole;
      // Of a million devices, three are still to be seen.
      const rect = html`<rect
        class="${tone}"
        x="${percent(at)}"
        width="${percent(Math.max(width, 0.6))}"
        height="100%"
      />`;
      at += width;
      return rect;
    });
  return html`<svg class="bar" aria-hidden="true" focusable="false">
    <rect class="track" width="100%" height="100%" />
    ${shown}
  </svg>`;
}

const percent = (value: number): string => `${Math.min(100, value).toFixed(2)}%`;
