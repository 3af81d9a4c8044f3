// The kinds of values that the admin's files hold: durations, sizes, addresses.
import { z } from 'zod';
import { DAY, HOUR, MINUTE, SECOND } from '../core/time.ts';

const UNITS: Record<string, number> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY };

const A_DURATION = 'a duration such as 30s, 5m, 2h or 7d';

/** `30s`, `5m`, `2h`, `7d`, or a number of seconds; milliseconds inside. */
export const Duration = z
  .union([z.number().nonnegative(), z.string().regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, A_DURATION)], {
    error: A_DURATION,
  })
  .transform((v) => {
    if (typeof v === 'number') return v * SECOND;
    const [, amount = '0', unit = 's'] = /^([\d.]+)([a-z]+)$/.exec(v) ?? [];
    return Number(amount) * (UNITS[unit] ?? SECOND);
  });

const SIZES: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

const A_SIZE = 'a size such as 64MiB';

/** `64MiB`, `10GiB`, or a number of bytes; bytes inside. */
export const Size = z
  .union([z.number().int().positive(), z.string().regex(/^\d+(B|KiB|MiB|GiB)$/, A_SIZE)], { error: A_SIZE })
  .transform((v) => {
    if (typeof v === 'number') return v;
    const [, amount = '0', unit = 'B'] = /^(\d+)([A-Za-z]+)$/.exec(v) ?? [];
    return Number(amount) * (SIZES[unit] ?? 1);
  });

/** An address of a server; without a slash at its end. */
export const HttpUrl = z
  .string()
  .regex(/^https?:\/\/[^\s@]+$/, 'an http or https URL without user and password')
  .transform((v) => v.replace(/\/+$/, ''));

/** At least 1. */
export const Count = z.number().int().positive();
