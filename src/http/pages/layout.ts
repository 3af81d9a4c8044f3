// The frame of every page: head, way past the menu, menu, main part, foot. Whole without script; the script only keeps it
// fresh.
import { programVersion } from '../../core/version.ts';
import { html, type Content, type Html } from '../html.ts';
import type { Assets } from './assets.ts';

/** The places of the menu. */
const PLACES = [
  { path: '/', title: 'Overview' },
  { path: '/boards', title: 'Boards' },
  { path: '/jobs', title: 'Jobs' },
  { path: '/issues', title: 'Issues' },
  { path: '/compare', title: 'Compare' },
] as const;
type Place = (typeof PLACES)[number]['path'];

export interface Page {
  title: string;
  /** Where in the menu the reader is. */
  place?: Place;
  main: Html;
  /** The page is about this job alone. */
  job?: string;
  /** It has the time plots. */
  hasPlots?: boolean;
  /** It shows a log. */
  isLog?: boolean;
  /** It shows one moment and is not to change under the reader's hands: a form, a result. */
  isStill?: boolean;
}

export interface Frame {
  /** The configuration's `instance`. */
  instance: string;
  /** Who is signed in; undefined: no one. */
  user: string | undefined;
  /** Whether the configuration has tokens to sign in with. */
  canSignIn: boolean;
  assets: Pick<Assets, 'url'>;
}

/** How often a page without script is loaded again (seconds). */
const RELOAD = 30;

export function layout(page: Page, frame: Frame): Html {
  const { title, place, main, job = '', hasPlots = false, isLog = false, isStill = false } = page;
  const { assets, instance } = frame;
  const script = (file: Parameters<Assets['url']>[0]): Html =>
    html`<script src="${assets.url(file)}" defer></script>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title.slice(0, 200)} – ${instance}</title>
        <link rel="icon" href="${assets.url('icon.svg')}" type="image/svg+xml" />
        <link rel="stylesheet" href="${assets.url('style.css')}" />
        ${hasPlots ? html`<link rel="stylesheet" href="${assets.url('uplot.css')}" />` : ''}
        ${isLog ? [html`<link rel="stylesheet" href="${assets.url('log.css')}" />`, script('log.js')] : ''}
        ${
          isStill
            ? ''
            : html`<noscript><meta http-equiv="refresh" content="${RELOAD}" /></noscript>
                ${script('idiomorph.js')} ${script('live.js')}`
        }
        ${hasPlots ? [script('uplot.js'), script('plots.js')] : ''}
      </head>
      <body>
        <a class="past" href="#main">Skip to the content</a>
        ${header(place, frame, isStill)}
        <main id="main" tabindex="-1" data-job="${job}">${main}</main>
        <footer>lava-bridge ${programVersion()} · times are UTC</footer>
      </body>
    </html> `;
}

function header(place: Place | undefined, { instance, user, canSignIn }: Frame, isStill: boolean): Html {
  const current = (path: string): Content => (path === place ? html`aria-current="page"` : '');
  return html`<header>
    <a class="brand" href="/">${instance}</a>
    <nav aria-label="Pages">
      <ul>
        ${PLACES.map(({ path, title }) => html`<li><a href="${path}" ${current(path)}>${title}</a></li>`)}
      </ul>
    </nav>
    ${isStill ? '' : html`<p id="live" role="status"></p>`} ${canSignIn ? signing(user) : ''}
  </header>`;
}

function signing(user: string | undefined): Html {
  if (user === undefined) return html`<a class="sign" href="/login">Sign in</a>`;
  return html`<form class="sign" method="post" action="/logout">
    <span>${user}</span> <button type="submit">Sign out</button>
  </form>`;
}
