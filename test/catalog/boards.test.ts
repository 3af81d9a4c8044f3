import { expect, it } from 'vitest';
import { loadBoards } from '../../src/catalog/boards.ts';
import { makeFiles } from '../support/folder.ts';
import { inShort, problemsOf } from '../support/problems.ts';
import { shipped } from '../templates/support.ts';

const BOARD = 'name: b\narch: arm64\nboot_method: u-boot\n';

async function problems(files: Record<string, string>): Promise<string[]> {
  const own = await makeFiles(files);
  return inShort(await problemsOf(() => loadBoards({ own })), own);
}

it('reads a board of three lines, and fills in the rest', async () => {
  const boards = await loadBoards({ own: await makeFiles({ 'b.yaml': BOARD }) });

  expect(boards.get('b', 'any-lab')).toMatchObject({
    name: 'b',
    lava_device_type: 'b',
    arch: 'arm64',
    boot_method: 'u-boot',
    dtb: [],
    compatible: [],
    context: {},
    params: {},
    rootfs: {},
    tags: [],
  });
});

it('reports every fault of every file at its line and column', async () => {
  const found = await problems({
    'a.yaml': `${BOARD}dbt: x\nrootfs: { trixie: { nfs: http://a } }\n`,
    'c.yaml': 'name: c\narch: ARM64\nboot_method: u-boot\n',
    'd.yaml': 'name: d\n  bad: indent\n',
  });

  expect(found).toEqual([
    'a.yaml:4:1 unknown_key dbt',
    'a.yaml:5:21 unknown_key rootfs.trixie.nfs',
    'c.yaml:2:1 bad_value arch',
    'd.yaml:1:7 malformed',
    'd.yaml:1:7 malformed',
  ]);
});

it.each([
  ['amd64', 'x86_64'],
  ['aarch64', 'arm64'],
  ['riscv64', 'riscv'],
])('refuses the architecture %s, and says that it is %s', async (arch, right) => {
  const own = await makeFiles({ 'a.yaml': BOARD.replace('arch: arm64', `arch: ${arch}`) });

  const [problem] = await problemsOf(() => loadBoards({ own }));

  expect(problem).toMatchObject({ code: 'bad_value', key: 'arch', line: 2 });
  expect(problem?.message).toContain(right);
});

it('names the board that a misspelt one was meant for', () => {
  expect(() => shipped.boards.get('qemu-arm46', undefined)).toThrow('did you mean qemu-arm64?');
});

it('names what a board must have', async () => {
  const found = await problems({ 'a.yaml': 'name: a\n' });

  expect(found).toEqual(['a.yaml:1:1 missing_key arch', 'a.yaml:1:1 missing_key boot_method']);
});

it('refuses two boards of one name', async () => {
  const found = await problems({ 'a.yaml': BOARD, 'b.yaml': BOARD });

  expect(found).toEqual(['b.yaml:1:1 duplicate name']);
});

it("takes the admin's file and the admin's board in place of the shipped ones", async () => {
  const shippedDir = await makeFiles({
    'one.yaml': 'name: one\narch: arm\nboot_method: u-boot\n',
    'b.yaml': BOARD,
  });
  const own = await makeFiles({
    'one.yaml': 'name: one\narch: arm\nboot_method: barebox\n',
    'mine/other-name.yaml': 'name: b\narch: arm64\nboot_method: grub\n',
  });

  const boards = await loadBoards({ shipped: shippedDir, own });

  expect(boards.names()).toEqual(['b', 'one']);
  expect([boards.find('one')?.boot_method, boards.find('b')?.boot_method]).toEqual(['barebox', 'grub']);
});

it('gives a board to the labs that have it, with what is different there', async () => {
  const boards = await loadBoards({
    own: await makeFiles({
      'b.yaml': `${BOARD}context: { a: 1, b: 2 }\nlabs:\n  one: {}\n  two: { lava_device_type: t, context: { b: 3 }, params: { p: q }, tags: [x] }\n`,
      'c.yaml': 'name: c\narch: arm\nboot_method: u-boot\nlabs: [one]\n',
    }),
  });

  expect(boards.find('b', 'one')).toMatchObject({ lava_device_type: 'b', context: { a: 1, b: 2 } });
  expect(boards.find('b', 'two')).toMatchObject({
    lava_device_type: 't',
    context: { a: 1, b: 3 },
    params: { p: 'q' },
    tags: ['x'],
  });
  expect([boards.find('b', 'three'), boards.find('c', 'two'), boards.find('constructor', 'one')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it('has a board for the labs alone that its file names', async () => {
  const boards = await loadBoards({ own: await makeFiles({ 'b.yaml': `${BOARD}labs: [one]\n` }) });

  expect(boards.get('b', 'one').name).toBe('b');
  for (const name of ['b', 'nothing\n']) {
    expect(() => boards.get(name, 'two')).toThrow(
      expect.objectContaining({ code: 'unknown_board', field: 'node.data.platform' }),
    );
  }
});

it('ships a board for each boot method', () => {
  const methods = shipped.boards.names().map((name) => shipped.boards.find(name)?.boot_method);

  expect(shipped.renderer.names('boot').filter((method) => !methods.includes(method))).toEqual([]);
});

it('says which directory cannot be read', async () => {
  const found = await problemsOf(() => loadBoards({ own: '/no/such/directory' }));

  expect(inShort(found, '/no/such')).toEqual(['directory unreadable']);
});
