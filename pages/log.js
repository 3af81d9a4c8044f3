// What a log's page can do more with script: a line that has no anchor of its own is found all the same, a line's place stands in
// the URL when its number is clicked, n and p lead to the next and the previous failure, and a log that grows is followed.
const main = document.querySelector('.log') ?? document.querySelector('main');

/** Puts an anchor before the line with this number, in the block that it stands in. */
function anchor(number) {
  const known = document.getElementById(`L${number}`);
  if (known !== null) return known;
  // Each block begins with a line that has an anchor.
  const block = [...main.querySelectorAll('.b')].findLast(
    (block) => Number(block.querySelector('i')?.id.slice(1)) <= number,
  );
  if (block === undefined) return null;
  let line = block.querySelector('i');
  let at = Number(line?.id.slice(1));
  const texts = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
    const own = text.parentElement.closest('i, details');
    if (own !== null) continue;
    for (let from = 0; from < text.data.length; from++) {
      if (text.data[from] !== '\n') continue;
      at += 1;
      if (at < number) continue;
      line = document.createElement('i');
      line.id = `L${number}`;
      const rest = text.splitText(from + 1);
      rest.before(line);
      return line;
    }
  }
  return null;
}

function follow() {
  const number = Number(/^#L(\d{1,9})$/.exec(location.hash)?.[1]);
  if (!(number > 0)) return;
  const known = document.getElementById(`L${number}`);
  const line = anchor(number);
  if (line === null || line === known) return;
  // The browser marks what it finds itself.
  const { hash } = location;
  history.replaceState(null, '', location.pathname + location.search);
  location.replace(hash);
}

addEventListener('hashchange', follow);
follow();

main.addEventListener('click', ({ target }) => {
  if (target instanceof HTMLElement && target.tagName === 'I' && target.id !== '') location.hash = target.id;
});

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
  if (event.key !== 'n' && event.key !== 'p') return;
  const lines = [...main.querySelectorAll('.hit i')].map(({ id }) => Number(id.slice(1)));
  const here = Number(/^#L(\d+)$/.exec(location.hash)?.[1] ?? 0);
  const next = event.key === 'n' ? lines.find((line) => line > here) : lines.findLast((line) => line < here);
  if (next !== undefined) location.hash = `L${next}`;
});

if ('live' in main.dataset) {
  const atEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 80;
  let isFollowed = true;
  addEventListener('scroll', () => (isFollowed = atEnd()), { passive: true });
  new MutationObserver(() => isFollowed && scrollTo(0, document.documentElement.scrollHeight)).observe(main, {
    childList: true,
    subtree: true,
  });
}
