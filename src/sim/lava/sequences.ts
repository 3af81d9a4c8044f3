// Whole courses of a job, made of the phases: what most scenarios have in common.
import type { RuleName } from '../../verdict/model.ts';
import type { SimCase } from './definition.ts';
import type { JobLog } from './job-log.ts';
import {
  bootloader,
  deploy,
  end,
  failBoot,
  handover,
  interrupt,
  kernelStart,
  login,
  startTests,
  suite,
  validate,
  type Interruption,
} from './phases.ts';

/**
 * How a job that ran to the end of its log ends. `never`: it stays Running until it is cancelled. `stuck`: not even
 * then. `vanishes`: LAVA forgets it.
 */
export type Ending = 'Complete' | 'Incomplete' | 'never' | 'stuck' | 'vanishes';

export interface Scenario {
  /** The rule of the verdicts that it is made for. */
  rule: RuleName;
  /** For people: what happens. */
  about: string;
  /** Writes the whole log. */
  play: (log: JobLog) => Ending;
}

export type JobError = readonly [type: string | null, msg: string | null];

export const CLOSED: JobError = ['Infrastructure', 'Connection closed'];

/** Up to the boot loader, which has not done anything yet. */
export function toBootloader(log: JobLog): void {
  validate(log);
  deploy(log);
  bootloader(log);
}

/** Up to the kernel's lines before init. */
export function toKernel(log: JobLog): void {
  toBootloader(log);
  handover(log);
  kernelStart(log);
}

export function toLogin(log: JobLog): void {
  toKernel(log);
  login(log);
}

/** From login to the end: all suites; `pick` may change a suite's cases. */
export function testAll(
  log: JobLog,
  pick: (cases: SimCase[], index: number) => SimCase[] = (cases) => cases,
): Ending {
  startTests(log);
  log.run.suites.forEach(({ cases }, i) => suite(log, i, pick(cases, i)));
  if (log.run.suites.length > 0) {
    log.target('<LAVA_TEST_RUNNER EXIT>');
    log.info('ok: lava_test_shell seems to have completed');
  }
  end(log);
  return 'Complete';
}

/** Boots, and ends in the last suite, after its first case; the suites before it run whole. */
export function cutShort(log: JobLog, why: Interruption): Ending {
  toLogin(log);
  startTests(log);
  const last = log.run.suites.length - 1;
  log.run.suites.forEach(({ cases }, i) => suite(log, i, cases, i === last ? 1 : undefined));
  const error = interrupt(log, last, why);
  if (error) end(log, error);
  return 'Incomplete';
}

/** LAVA gives the boot up. */
export function bootFails(log: JobLog, error: JobError): Ending {
  failBoot(log, error[1] ?? '');
  end(log, error);
  return 'Incomplete';
}

/** LAVA gives up outside of boot and tests. */
export function jobFails(log: JobLog, error: JobError): Ending {
  log.add('exception', error[1] ?? '');
  end(log, error);
  return 'Incomplete';
}

/** LAVA gives up before the board is switched on. */
export function neverBoots(log: JobLog, error: JobError): Ending {
  validate(log);
  deploy(log);
  return jobFails(log, error);
}
