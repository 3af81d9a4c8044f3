// Keeps a page fresh: when the daemon says that something changed, the page's main part is fetched again, at most once a
// second. What the reader opened stays open.
const main = document.querySelector('main');
const light = document.querySelector('#live');
let timer;

function say(text) {
  light.textContent = text;
}

async function refresh() {
  timer = undefined;
  const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const open = [...main.querySelectorAll('details')].map((details) => details.open);
  main.replaceChildren(...page.querySelector('main').childNodes);
  main.querySelectorAll('details').forEach((details, i) => {
    details.open = open[i] ?? false;
  });
}

function changed({ jobs }) {
  const own = main.dataset.job;
  if (own !== '' && jobs !== undefined && !jobs.includes(own)) return;
  timer ??= setTimeout(() => refresh().catch(() => say('cannot be refreshed')), 1000);
}

function follow(pause) {
  const socket = new WebSocket(new URL('/ws', location.href.replace(/^http/, 'ws')));
  socket.addEventListener('open', () => {
    say('live');
    pause = 1000;
    changed({});
  });
  socket.addEventListener('message', ({ data }) => changed(JSON.parse(data)));
  socket.addEventListener('close', () => {
    say('not live');
    setTimeout(() => follow(Math.min(pause * 2, 60_000)), pause);
  });
}

follow(1000);
