// Damages a store's file as disks, power cuts and people do.
import { randomBytes } from 'node:crypto';
import { readFile, truncate, writeFile } from 'node:fs/promises';

const PAGE = 4096;

/** Kinds of damage, each done to a file that nobody has open. */
export const DAMAGES: Readonly<Record<string, (file: string) => Promise<void>>> = {
  'zero length': (file) => writeFile(file, ''),
  'no database': (file) => writeFile(file, 'this is something else\n'.repeat(10_000)),
  'its first page gone': (file) => overwrite(file, 0, 1),
  'cut in half': async (file) => truncate(file, Math.floor((await readFile(file)).length / 2)),
  'cut within a page': async (file) => truncate(file, Math.floor((await readFile(file)).length / 3) + 123),
  'pages overwritten': async (file) => {
    const pages = (await readFile(file)).length / PAGE;
    for (let page = 3; page < pages; page += 7) await overwrite(file, page, 1);
  },
};

/** Puts noise in the place of whole pages. */
async function overwrite(file: string, page: number, count: number): Promise<void> {
  const content = await readFile(file);
  randomBytes(PAGE * count).copy(content, page * PAGE);
  await writeFile(file, content);
}
