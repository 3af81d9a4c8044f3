// Small pictures as inline SVG: strips of verdicts, lines of a trend, bars by hour, a device's time. Each says in words what
// it shows; the numbers stand in a table next to it or in its title. Colours are the style sheet's.
import { html, type Html } from '../html.ts';

/** What a result or layer is in colours; the words are classes of the style sheet. */
export type Shade = 'pass' | 'kernel' | 'test' | 'harness' | 'unknown' | 'none' | 'busy';

export interface Mark {
  shade: Shade;
  /** What the mouse shows. */
  title: string;
}

/** Marks in a row, the oldest first; failures are taller, so that colours are not needed. */
export function strip(label: string, marks: readonly Mark[]): Html {
  if (marks.length === 0) return html`<span class="none">no runs</span>`;
  const width = 10;
  return html`<svg
    class="strip"
    role="img"
    aria-label="${label}"
    viewBox="0 0 ${marks.length * width} 14"
    preserveAspectRatio="xMinYMid meet"
  >
    ${marks.map(({ shade, title }, i) => {
      const height = shade === 'pass' || shade === 'none' ? 7 : 14;
      return bar({ shade, title }, { x: i * width, y: 14 - height, width: width - 2, height });
    })}
  </svg>`;
}

interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A coloured field that says what it is when it is pointed at. */
function bar({ shade, title }: Mark, { x, y, width, height }: Place): Html {
  const round = (size: number): number => Math.round(size * 10) / 10;
  return html`<rect class="${shade}" x="${round(x)}" y="${y}" width="${round(width)}" height="${height}">
    <title>${title}</title>
  </rect>`;
}

/** A line of a trend, the oldest value first. */
export function spark(label: string, values: readonly number[]): Html {
  if (values.length < 2) return html``;
  const most = Math.max(...values, 1);
  const points = values.map(
    (value, i) => `${((i * 100) / (values.length - 1)).toFixed(1)},${(19 - (value * 18) / most).toFixed(1)}`,
  );
  return html`<svg
    class="spark"
    role="img"
    aria-label="${label}"
    viewBox="0 0 100 20"
    preserveAspectRatio="none"
  >
    <polyline class="draw" points="${points.join(' ')}" />
  </svg>`;
}

export interface Span extends Mark {
  /** Milliseconds, of the same clock as the track's ends. */
  from: number;
  to: number;
}

/** What took which part of the time between `from` and `to`. */
export function track(
  label: string,
  { from, to }: { from: number; to: number },
  spans: readonly Span[],
): Html {
  const scale = 1000 / Math.max(1, to - from);
  return html`<svg
    class="track"
    role="img"
    aria-label="${label}"
    viewBox="0 0 1000 20"
    preserveAspectRatio="none"
  >
    ${spans.map(({ shade, title, ...span }) => {
      const x = Math.max(0, (span.from - from) * scale);
      const width = Math.min(1000, (span.to - from) * scale) - x;
      return bar({ shade, title }, { x, y: 0, width: Math.max(1, width), height: 20 });
    })}
  </svg>`;
}

/** What the colours say. */
export function legend(entries: readonly (readonly [Shade, string])[]): Html {
  return html`<ul class="legend">
    ${entries.map(
      ([shade, text]) =>
        html`<li>
          <svg viewBox="0 0 10 10" aria-hidden="true"><rect class="${shade}" width="10" height="10" /></svg
          >${text}
        </li>`,
    )}
  </ul>`;
}
