// Runs the commands of a page in the box: each as it stands there, in the folder in which the one before it ended.
import { asHere, type Chapter } from './chapters.ts';
import { commandsOf, reasonNotToRun, type Command } from './documents.ts';
import { inBox } from './machine.ts';
import { check } from './report.ts';
import type { World } from './world.ts';

const HERE = '/root/.here';
const IN_PLACE = `cd "$(cat ${HERE} 2> /dev/null || echo /root)"; export EDITOR=true TOKEN="$(cat /etc/lava-bridge/secrets/http-token 2> /dev/null)"`;

/** Each command is one thing to see. */
export async function runPage({ page, only, before = [], after }: Chapter, world: World): Promise<void> {
  await inBox(`rm -f ${HERE}`);
  const left = [...before];
  const commands = commandsOf(page).filter(
    (command) => reasonNotToRun(command) === undefined && (only === undefined || only.test(command.text)),
  );
  for (const command of commands) {
    await check(`${page}:${command.line}: ${command.text}`, async () => {
      const at = left.findIndex(([which]) => which.test(command.text));
      const [found] = at < 0 ? [] : left.splice(at, 1);
      if (found !== undefined) await inBox(found[1](world));
      await run(command, world);
    });
  }
  if (after !== undefined) await check(`${page}: all is as before`, () => inBox(after).then(() => undefined));
}

async function run({ text }: Command, world: World): Promise<void> {
  const init = /^lava-bridge init\b(.*)/.exec(text);
  if (init) return world.init(init[1]?.trim() ?? '');
  await inBox(`${IN_PLACE}\n${asHere(text, world)}\npwd > ${HERE}`);
}
