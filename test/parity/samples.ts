// The jobs of KernelCI that ours are compared with: by the name of the rendered sample, what is asked for.
import type { RequestParts } from '../templates/support.ts';

const RPI = 'bcm2711-rpi-4-b';
const JACUZZI = 'mt8183-kukui-jacuzzi-juniper-sku16';
const CHROMEBOOK = 'kbuild-gcc-14-arm64-chromebook';

export const SAMPLES = {
  'barebox-riotboard-baseline': {
    name: 'baseline-arm-pengutronix',
    platform: 'imx6dl-riotboard',
    build: 'kbuild-gcc-14-arm',
    kernel: 'zImage',
    lab: 'lava-pengutronix',
  },
  'depthcharge-fluster-h264': { name: 'fluster-debian-h264', platform: JACUZZI, build: CHROMEBOOK },
  'depthcharge-jacuzzi-baseline-nfs': {
    name: 'baseline-nfs-arm64-mediatek-chromebook',
    platform: JACUZZI,
    build: CHROMEBOOK,
  },
  'depthcharge-jacuzzi-baseline': {
    name: 'baseline-arm64-mediatek-chromebook',
    platform: JACUZZI,
    build: CHROMEBOOK,
  },
  'depthcharge-watchdog-reset': {
    name: 'watchdog-reset-arm64-mediatek',
    platform: JACUZZI,
    build: CHROMEBOOK,
  },
  'efi-rb3gen2-baseline': { name: 'baseline-arm64-qualcomm', platform: 'qcs6490-rb3gen2' },
  'fastboot-db410c-baseline': { name: 'baseline-arm64', platform: 'dragonboard-410c', kernel: 'Image.gz' },
  'grub-orion-o6-baseline': {
    name: 'baseline-arm64-broonie',
    platform: 'cd8180-orion-o6',
    kernel: 'Image.gz',
    lab: 'lava-broonie',
  },
  'ipxe-mcom-baseline': {
    name: 'baseline-x86',
    platform: 'x86-siemens-mcom',
    build: 'kbuild-gcc-14-x86',
    kernel: 'bzImage',
    lab: 'lava-cip',
  },
  'qemu-arm64-baseline': { name: 'baseline-arm64', platform: 'qemu-arm64' },
  'qemu-x86-baseline': {
    name: 'baseline-x86',
    platform: 'qemu-x86_64',
    build: 'kbuild-gcc-14-x86',
    kernel: 'bzImage',
  },
  'testpull-bbb-baseline': {
    name: 'baseline-arm-testpull',
    platform: 'beaglebone-black',
    build: 'kbuild-gcc-14-arm',
    kernel: 'zImage',
    lab: 'lava-testpull',
  },
  'uboot-kselftest-coverage': {
    name: 'kselftest-futex',
    platform: RPI,
    build: 'kbuild-gcc-14-arm64-coverage',
    configFull: 'defconfig+coverage',
  },
  'uboot-kselftest-cpufreq': { name: 'kselftest-cpufreq-suspend', platform: RPI },
  'uboot-kselftest-mm-2g': { name: 'kselftest-mm-2g', platform: RPI },
  'uboot-genio700-wifi-basic': { name: 'wifi-basic', platform: 'mt8390-genio-700-evk' },
  'uboot-kvm-unit-tests': { name: 'kvm-unit-tests', platform: RPI },
  'uboot-ltp-smoke': { name: 'ltp-smoke', platform: RPI },
  'uboot-rpi4-baseline-nfs': { name: 'baseline-nfs-arm64', platform: RPI, kernel: 'Image.gz' },
  'uboot-rpi4-baseline': { name: 'baseline-arm64-broonie', platform: RPI, lab: 'lava-broonie' },
  'uboot-rt-tests-cyclictest': {
    name: 'rt-tests-cyclictest',
    platform: RPI,
    build: 'kbuild-gcc-14-arm64-preempt_rt',
  },
} as const satisfies Record<string, RequestParts>;
