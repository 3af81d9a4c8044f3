// Why a verdict is what it is, in sentences: for people who ask (`translate --explain`, the timeline), and as the
// `error_msg` of each test that is not PASS.
import type { RootVerdict, Status } from './model.ts';
import { missingRoots, type Rule } from './rules.ts';
import type { Situation } from './situation.ts';

const FINE: readonly Status[] = ['PASS', 'SKIP', 'DONE'];

/** The evidence that the rules went by, a sentence each, the rule first. */
export function explain(s: Situation, rule: Rule, rootRule: Rule): string[] {
  const { lava, console } = s.evidence;
  const crash = s.bootCrash ?? s.earlierCrash;
  const lines = [`rule ${rule.name}: ${rule.situation}`];
  if (rootRule !== rule)
    lines.push(`the tests after the boot by rule ${rootRule.name}: ${rootRule.situation}`);
  if (s.ending) lines.push(`our record: ${s.ending.kind}, ${s.ending.reason}`);
  if (lava) {
    const hasWord = s.jobCase === undefined ? s.errorType !== '' : s.jobCase.result !== 'pass';
    const error = hasWord ? `, ${lavaWord(s)}` : '';
    const missing =
      s.jobCase === undefined && lava.cases.length > 0 ? ', without a result of the whole job' : '';
    lines.push(`LAVA: ${lava.health} on ${lava.device ?? 'no device'}${error}${missing}`);
  }
  lines.push(`reached: ${s.reached}`);
  if (crash)
    lines.push(`console line ${crash.line}: ${crash.text}${s.bootCrash ? '' : ' (an earlier boot attempt)'}`);
  for (const { root, crash } of s.suiteCrashes)
    lines.push(`console line ${crash.line}, in ${root.path}: ${crash.text}`);
  if (s.kernelMessagesFailed) lines.push('a kernel-messages case failed');
  if (s.loginTimedOut) lines.push('the login timed out');
  if (s.wholeJobTimeout) lines.push('the whole job was over its time');
  if (s.there) lines.push(`it happened in: ${s.there.path}`);
  const missing = rootRule.incident.on === 'missing' ? missingRoots(s).map((root) => root.path) : [];
  if (missing.length > 0) lines.push(`no result: ${missing.join(', ')}`);
  if (!console) lines.push('there is no log');
  return lines;
}

/** Fills in why each test is not PASS. */
export function giveReasons(
  s: Situation,
  rule: Rule,
  rootRule: Rule,
  boot: RootVerdict,
  roots: RootVerdict[],
): void {
  for (const test of [boot, ...roots]) {
    if (FINE.includes(test.status)) continue;
    test.reason = test === boot ? bootReason(s, rule, boot) : rootReason(s, rootRule, test);
    // With a verdict on the kernel, LAVA's own error would only mislead.
    if (s.errorType !== '' && test.status !== 'FAIL' && !isOwn(test, s))
      test.misc['error_code'] = s.errorType;
  }
}

function bootReason(s: Situation, rule: Rule, boot: RootVerdict): string {
  return rule.bootReason?.(s) ?? rootReason(s, rule, boot);
}

function rootReason(s: Situation, rule: Rule, test: RootVerdict): string {
  const crash = s.suiteCrashes.find(({ root }) => root.path === test.path)?.crash;
  if (crash) return crash.text;
  if (rule.roots === 'never') return jobReason(s);
  const reason = rule.rootReason?.(s, test.path);
  if (reason !== undefined) return reason;
  if (isOwn(test, s)) return leafReason(test);
  const started = s.suites.runs.some((run) => run.root?.path === test.path && run.started);
  const word = jobReason(s);
  return started || test.path === s.there?.path || test.path === s.suites.boot.path
    ? word
    : `not run: ${word}`;
}

/** Why the whole job ended, in one line. */
export function jobReason(s: Situation): string {
  if (s.ending) return s.ending.reason;
  if (!s.onDevice)
    return s.canceled ? 'canceled or timed out in the queue' : 'ended in LAVA without a device';
  const crash = s.bootCrash ?? s.suiteCrashes[0]?.crash;
  return crash ? crash.text : lavaWord(s);
}

function lavaWord(s: Situation): string {
  const message = firstLine(s.errorMsg || s.evidence.lava?.failureComment || '');
  if (s.errorType !== '') return message === '' ? s.errorType : `${s.errorType}: ${message}`;
  return message === '' ? 'LAVA left no failure metadata' : message;
}

/** The test's own cases decided. */
function isOwn(test: RootVerdict, s: Situation): boolean {
  return test.leaves.some((leaf) => leaf.status === test.status) && (s.complete || test.status === 'FAIL');
}

function leafReason(test: RootVerdict): string {
  const bad = test.leaves.filter((leaf) => leaf.status === test.status);
  const names = bad.slice(0, 5).map((leaf) => leaf.path.slice(test.path.length + 1));
  const more = bad.length > names.length ? ', …' : '';
  return `${bad.length} of ${test.leaves.length} cases ${test.status}: ${names.join(', ')}${more}`;
}

function firstLine(text: string): string {
  return text.trim().split(/\r?\n/, 1)[0] ?? '';
}
