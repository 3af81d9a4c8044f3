// The packages, what must be in them, and variants for upgrades: the same files under a higher version, with something changed
// in them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onHost } from './machine.ts';
import { check, expect } from './report.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** What is installed. */
export interface Packages {
  amd64: string;
  arm64: string;
  tarball: string;
}

/** Makes all of them, by the scripts that make releases. What is thrown away afterwards need not be small. */
export async function makePackages(): Promise<Packages> {
  const env = { DPKG_DEB_COMPRESSOR_TYPE: 'none' };
  const make = (...args: string[]): Promise<string> =>
    onHost(process.execPath, [join(ROOT, 'scripts/package.ts'), ...args], env);
  const said = `${await make('deb', 'tarball', '--arch', 'x64')}${await make('deb', '--arch', 'arm64')}`;
  const [amd64 = '', tarball = '', arm64 = ''] = said.match(/^\/\S+\.(?:deb|tar\.gz)$/gm) ?? [];
  return { amd64, arm64, tarball };
}

/** Machine types in ELF. */
const ELF = { amd64: 62, arm64: 183 };

/** Debian's own opinion of the packages, and whether each holds programs of its architecture alone, and the same files otherwise. */
export async function inspect({ amd64, arm64 }: Packages): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lava-bridge-packages-'));
  const listed = new Map<string, string>();
  await check('lintian finds nothing wrong with the package', async () => {
    // Nothing is compressed for the test alone; the other architecture's package has the same files, which is seen below.
    const tags = ['control', 'data'].map((part) => `uses-no-compression-for-${part}-tarball`);
    await onHost('lintian', ['--fail-on', 'error,warning', '--suppress-tags', tags.join(), amd64]);
  });
  await check('what is compiled in a package is for its architecture, and the rest is the same', async () => {
    for (const [arch, deb] of [
      ['amd64', amd64],
      ['arm64', arm64],
    ] as const) {
      const root = join(folder, arch);
      await onHost('dpkg-deb', ['--extract', deb, root]);
      const files = (await onHost('find', [root, '-type', 'f', '-printf', '%P\\n']))
        .trim()
        .split('\n')
        .toSorted();
      const compiled = files.filter((file) => isElf(join(root, file)));
      expect(compiled.length === 2, `compiled: ${compiled.join()}`);
      for (const file of compiled) {
        const machine = readFileSync(join(root, file)).readUInt16LE(18);
        expect(machine === ELF[arch], `${file} is for machine ${machine}`);
      }
      listed.set(arch, files.join('\n').replaceAll(/arm64|x64/g, 'ARCH'));
    }
    expect(listed.get('amd64') === listed.get('arm64'), 'the two hold different files');
  });
  rmSync(folder, { recursive: true, force: true });
}

function isElf(file: string): boolean {
  return readFileSync(file).subarray(0, 4).toString('latin1') === '\u007fELF';
}

/** Makes a package out of another one, under that version, after `change` was made to its unpacked files. Gives its file. */
export async function variant(
  { deb, folder }: { deb: string; folder: string },
  version: string,
  change: (root: string) => void = () => undefined,
): Promise<string> {
  const root = join(folder, version);
  await onHost('dpkg-deb', ['--raw-extract', deb, root]);
  const control = join(root, 'DEBIAN', 'control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, `Version: ${version}`));
  change(root);
  const file = join(folder, `lava-bridge_${version}.deb`);
  await onHost('dpkg-deb', ['--root-owner-group', '-Znone', '--build', root, file]);
  return file;
}

/** A program that ends with an error as soon as it is started. */
export function breakProgram(root: string): void {
  writeFileSync(join(root, 'usr/lib/lava-bridge/dist/cli/main.js'), "throw new Error('broken');\n");
}

/** A file that ends in the middle, as after a broken download. */
export function cutShort(from: string, to: string): void {
  const bytes = readFileSync(from);
  writeFileSync(to, bytes.subarray(0, Math.floor(bytes.length / 2)));
}
