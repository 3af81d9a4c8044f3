import { expect, it } from 'vitest';
import { compatibleOf } from '../../src/catalog/compatible.ts';
import { PATTERNS } from '../../src/kcidb/formats.ts';

it('knows the boards of KernelCI that are not registered, in the order of the device tree', () => {
  expect(compatibleOf('bcm2711-rpi-4-b')).toEqual(['raspberrypi,4-model-b', 'brcm,bcm2711']);
  expect(compatibleOf('beaglebone-black')).toEqual(['ti,am335x-bone-black', 'ti,am335x-bone', 'ti,am33xx']);
  expect(compatibleOf('bcm2837-rpi-3-b-plus')).toSatisfy((list: string[]) =>
    list.every((entry) => PATTERNS.compatible.test(entry) && entry.includes(',')),
  );
  expect(compatibleOf('no-such-board')).toBeUndefined();
});
