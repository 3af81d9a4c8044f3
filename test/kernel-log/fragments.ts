// Consoles made of the pieces that triage looks for, in any order: what a fuzzer would take ages to come across.
import * as fc from 'fast-check';

const WORDS = [
  'Unable to handle kernel NULL pointer dereference at virtual address 00000008',
  'BUG',
  'BUG: sleeping function called from invalid context at a/b.c:12',
  'BUG: foo',
  'BUG: workqueue lockup - pool',
  'kernel BUG at mm/x.c:1!',
  'kernel BUG at mm/x.c:2',
  'UBSAN: shift-out-of-bounds in ./a.h:57:13',
  'UBSAN: x',
  'shift exponent 32 is too large',
  'Kernel panic - not syncing: VFS: Unable to mount',
  'Kernel panic - foo',
  'foo: failed with error -2',
  'a error -7 b: c error -8 d',
  'error -5',
  '------------[ cut here ]------------',
  '---[ end trace 0000 ]---',
  '----[ end trace 1 ]',
  '---[ end Kernel panic - not syncing: x ]---',
  '='.repeat(80),
  'Hardware name: Foo Bar (DT)',
  'Modules linked in: b a(+) c',
  'Modules linked in:',
  'Call trace:',
  ' frame+0x1/0x2',
  '  deep',
  'WARNING: CPU: 0 PID: 1 at kernel/f.c:1 foo+0x1/0x2',
  'Internal error: Oops: 96000004 [#1] SMP',
  'BUG: KASAN: slab-out-of-bounds in foo+0x1/0x2',
  'INFO: task a:1 blocked for more than 120 seconds.',
  'x: y at virtual address dead',
  '[   ',
  '] [',
  'é\u2028',
];

const STAMPS = [
  '[    1.000000] ',
  '[   12.345678] ',
  '[    1.000000]',
  '[    1.0][    T1] ',
  '<6>[    2.0] ',
  '',
];

/** Lines without line breaks; the first says that the boot loader is done. */
export const consoleLines = fc
  .array(
    fc
      .tuple(fc.constantFrom(...STAMPS), fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 2 }))
      .map(([stamp, words]) => stamp + words.join(' ')),
    { maxLength: 60 },
  )
  .map((lines) => ['Starting kernel ...', ...lines]);
