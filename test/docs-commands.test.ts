// The commands of README and docs are run by `npm run box`, all but those of a short table. That nothing is left out is seen here.
import { expect, it } from 'vitest';
import { CHAPTERS, TARBALL } from './box/chapters.ts';
import { PROXIES } from './box/proxies.ts';
import { commandsOf, PAGES, reasonNotToRun, staleReasons } from './box/documents.ts';

it.each(PAGES)('each command of %s is run in the box, or has a reason why not', (page) => {
  const chapters = [{ page: 'README.md', only: undefined }, ...CHAPTERS, ...PROXIES, TARBALL].filter(
    (one) => one.page === page,
  );
  const left = commandsOf(page).filter(
    (command) =>
      reasonNotToRun(command) === undefined &&
      !chapters.some(({ only }) => only === undefined || only.test(command.text)),
  );
  expect(left).toEqual([]);
});

it('finds the commands', () => {
  expect(commandsOf('README.md').map(({ text }) => text)).toContain('lava-bridge init');
  expect(commandsOf('docs/ways-in.md').map(({ text }) => text)).toContainEqual(
    expect.stringMatching(/^curl .* -d @request\.json http:\S+$/),
  );
});

it('has no reason for what no page says', () => {
  expect(staleReasons()).toEqual([]);
});
