// Keeps a page fresh: when the daemon says that something changed, the page is fetched again, and what differs is put in place.
// Focus, selection, what is open and where the reader is stay as they are. Says when the page is not live.
/* global Idiomorph */
const main = document.querySelector('main');
const light = document.querySelector('#live');
/** The least time (ms) between two looks, and how many times as long as a look takes. */
const PAUSE = 600;
const SHARE = 10;
let wanted = false;
let running = false;
let nextAt = 0;

function say(state, text) {
  if (light === null || light.textContent === text) return;
  light.dataset.state = state;
  light.textContent = text;
}

const keepsWhatIsOpen = {
  beforeAttributeUpdated: (attribute, element) => !(attribute === 'open' && element.tagName === 'DETAILS'),
  beforeNodeMorphed: (old) => !(old instanceof Element && (old.hasAttribute('data-keep') || isEdited(old))),
};

/** A field that the reader has filled in. */
function isEdited(element) {
  return element instanceof HTMLInputElement && element.value !== element.defaultValue;
}

async function refresh() {
  const began = performance.now();
  const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
  const took = performance.now() - began;
  nextAt = performance.now() + Math.max(PAUSE, took * SHARE);
  if (answer.redirected) return location.reload();
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  Idiomorph.morph(main, [...page.querySelector('main').childNodes], {
    morphStyle: 'innerHTML',
    ignoreActiveValue: true,
    callbacks: keepsWhatIsOpen,
  });
  document.title = page.title;
  for (const { id, dataset } of page.querySelectorAll('.plot'))
    document.dispatchEvent(new CustomEvent('points', { detail: { id, points: dataset.points } }));
  return undefined;
}

async function look() {
  if (running) return;
  running = true;
  while (wanted) {
    await new Promise((done) => {
      setTimeout(done, Math.max(0, nextAt - performance.now()));
    });
    wanted = false;
    try {
      await refresh();
      say('live', 'live');
    } catch {
      say('away', 'not live: the page cannot be fetched');
      nextAt = performance.now() + 5000;
      wanted = true;
    }
  }
  running = false;
}

function changed({ jobs }) {
  const own = main.dataset.job;
  // The page of a job changes with that job alone.
  if (own !== '' && jobs !== 'all' && !jobs?.includes(own)) return;
  wanted = true;
  // Who does not look at it sees it when they come back.
  if (!document.hidden) void look();
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void look();
});

function follow(pause) {
  const socket = new WebSocket(new URL('/ws', location.href.replace(/^http/, 'ws')));
  let next = pause;
  socket.addEventListener('open', () => {
    say('live', 'live');
    next = 1000;
    changed({ jobs: 'all' });
  });
  socket.addEventListener('message', ({ data }) => changed(JSON.parse(data)));
  socket.addEventListener('close', () => {
    say('away', 'not live: no connection to the bridge');
    setTimeout(() => follow(Math.min(next * 2, 30_000)), next * (0.5 + Math.random()));
  });
}

say('away', 'not live yet');
follow(1000);
