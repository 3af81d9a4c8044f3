import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseYaml } from '../../src/core/yaml-file.ts';
import { loadBoards } from '../../src/catalog/boards.ts';
import { DeviceType } from '../../src/catalog/board-schema.ts';
import { readSettings } from '../../src/import/device-settings.ts';
import { importLava, type LavaType } from '../../src/import/lava.ts';
import { makeFiles } from '../support/folder.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'import');
const SHIPPED = join(import.meta.dirname, '..', '..', 'device-types');

const UBOOT = `
actions:
  deploy:
    parameters: { add_header: u-boot, mkimage_arch: arm }
    methods: { tftp: , image: }
  boot:
    methods: { minimal: , fastboot: [wait], u-boot: { parameters: { bootloader_prompt: '=>' } } }
`;

interface LabParts {
  /** Device type → settings of its device; none: it has no device. */
  types: Record<string, string | undefined>;
  labs?: string[];
  files?: Record<string, string>;
}

async function importTypes({ types, labs = ['lab-a'], files = {} }: LabParts): Promise<LavaType[]> {
  const names = Object.keys(types);
  const devices = names.filter((type) => types[type] !== undefined).map((type) => `${type}-01`);
  return importLava({
    lab: 'lab-a',
    labs,
    boards: await loadBoards({ shipped: SHIPPED, own: await makeFiles(files) }),
    client: {
      deviceTypes: async () => names.map((name) => ({ name, devices: 1 })),
      facts: async () => ({
        devices: devices.map((name) => ({
          name,
          type: name.slice(0, -3),
          health: 'Good',
          state: 'Idle',
          job: undefined,
        })),
        workers: [
          { name: 'w', state: 'Online', health: 'Active', devices, jobLimit: 0, lastPingAt: undefined },
        ],
        unseenWorkers: new Map(),
        tags: new Map(),
        queued: new Map(),
      }),
      deviceSettings: async (hosts) => new Map(hosts.map((host) => [host, types[host.slice(0, -3)] ?? ''])),
    },
  });
}

describe('the settings of a device', () => {
  it('say how it boots, and its architecture', async () => {
    const read = async (name: string) => readSettings(await readFile(join(FIXTURES, name), 'utf8'));

    expect(await read('qemu-arm64-01.yaml')).toEqual({ bootMethods: ['qemu', 'minimal'], arch: 'arm64' });
    expect(await read('qemu-01.yaml')).toEqual({ bootMethods: ['qemu', 'minimal'], arch: undefined });
    expect(readSettings(UBOOT)).toEqual({ bootMethods: ['u-boot', 'fastboot', 'minimal'], arch: 'arm' });
  });

  it('say every boot method that there is a template for', () => {
    const templates = readdirSync('job-templates/boot').map((file) => basename(file, '.yaml.hbs'));
    const methods = templates.filter((name) => name !== 'efi'); // LAVA's method behind it is `minimal`
    const text = stringify({
      actions: { boot: { methods: Object.fromEntries(methods.map((m) => [m, {}])) } },
    });

    expect(readSettings(text).bootMethods.toSorted()).toEqual(methods.toSorted());
  });

  it.each(['', 'nothing: here', '- a\n- b', '{', 'actions: {boot: {methods: }}', '*nothing'])(
    'may tell nothing, as %j does',
    (text) => {
      expect(readSettings(text)).toEqual({ bootMethods: [], arch: undefined });
    },
  );
});

describe('a lab’s device type', () => {
  it('that is known becomes the known board’s file', async () => {
    const [type] = await importTypes({ types: { 'bcm2711-rpi-4-b': UBOOT } });

    expect(type).toMatchObject({ known: ['bcm2711-rpi-4-b'], devices: 1, online: 1 });
    expect(type?.files).toEqual([
      {
        name: 'bcm2711-rpi-4-b.yaml',
        to_fill_in: [],
        text: expect.stringContaining('raspberrypi,4-model-b'),
      },
    ]);
  });

  it('that several boards have becomes a file of each', async () => {
    const [type] = await importTypes({
      types: { qemu: await readFile(join(FIXTURES, 'qemu-01.yaml'), 'utf8') },
    });

    expect(type?.known).toEqual(['qemu-arm', 'qemu-arm64', 'qemu-riscv64', 'qemu-x86_64']);
  });

  it('that is called as a board becomes that board’s file, under the lab’s own name of it', async () => {
    const types = { qemu: '', 'qemu-arm64': '' };

    const [qemu, arm64] = await importTypes({ types });
    const [, shared] = await importTypes({ types, labs: ['lab-a', 'lab-b'] });

    expect(qemu?.known).not.toContain('qemu-arm64');
    expect(boardOf(arm64)).toMatchObject({ name: 'qemu-arm64', lava_device_type: 'qemu-arm64' });
    expect(boardOf(shared)).toMatchObject({
      lava_device_type: 'qemu',
      labs: { 'lab-a': { lava_device_type: 'qemu-arm64' }, 'lab-b': {} },
    });
  });

  it('that is new becomes a file with what LAVA says, and what to fill in', async () => {
    const [type] = await importTypes({ types: { 'new-board': UBOOT } });

    expect(type?.files[0]?.to_fill_in).toEqual(['mach', 'dtb', 'compatible']);
    expect(boardOf(type)).toMatchObject({ name: 'new-board', arch: 'arm', boot_method: 'u-boot' });
    expect(type?.files[0]?.text).toContain('# LAVA knows fastboot, minimal as well');
  });

  it('that shows nothing becomes a file that says what is missing', async () => {
    const [type] = await importTypes({ types: { hidden: '' } });

    expect(type?.files[0]?.to_fill_in).toEqual(['arch', 'boot_method', 'mach', 'dtb', 'compatible']);
    expect(() => boardOf(type)).toThrow(
      expect.objectContaining({
        problems: expect.arrayContaining([expect.objectContaining({ code: 'missing_key', key: 'arch' })]),
      }),
    );
  });

  it('without a device becomes no file, and it is said why', async () => {
    const [type] = await importTypes({ types: { empty: undefined } });

    expect(type).toMatchObject({ files: [], devices: 0, reason: 'the lab has no device of it' });
  });

  it('with an odd name gets a name that a file can have', async () => {
    const types = await importTypes({ types: { '../../a b: *c': UBOOT, '???': '' } });

    expect(types.map(({ files, reason }) => files[0]?.name ?? reason)).toEqual([
      'a-b---c.yaml',
      'its name is none that a board can have',
    ]);
    expect(boardOf(types[0])).toMatchObject({ lava_device_type: '../../a b: *c' });
  });

  it('that was imported before is imported again just so', async () => {
    const [first] = await importTypes({ types: { 'new-board': UBOOT } });
    const text = first?.files[0]?.text ?? '';

    const [again] = await importTypes({ types: { 'new-board': UBOOT }, files: { 'new-board.yaml': text } });

    expect(again?.known).toEqual(['new-board']);
    expect(again?.files[0]?.text.split('\n').filter((line) => line.includes('import lava'))).toHaveLength(1);
  });
});

function boardOf(type: LavaType | undefined): DeviceType {
  const { name = '', text = '' } = type?.files[0] ?? {};
  return parseYaml(name, text, DeviceType).value;
}
