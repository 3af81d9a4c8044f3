// A verdict's explanations as KCIDB takes them: issues, each once, and the incidents that tie them to tests. Kernel
// issues are written as Maestro writes them (kernelci-pipeline logspec_api.py), so that the same crash can be matched.
import type { Finding } from '../kernel-log/model.ts';
import type { IssueVerdict } from '../verdict/model.ts';
import { PATTERNS } from '../kcidb/formats.ts';
import { incidentId, ISSUE_VERSION, issueId, testId, type RunKey } from '../kcidb/ids.ts';
import type { KcidbIncident, KcidbIssue } from '../kcidb/schema.ts';
import { cleanRecord, cleanText, type Json } from '../kcidb/text.ts';

// What Maestro names as the parser of a boot's console, and the version of its rules.
const LOGSPEC = { version: '1.0.0', parser: 'generic_linux_boot' } as const;

export function describeIssues(
  verdicts: readonly IssueVerdict[],
  run: RunKey,
): { issues: KcidbIssue[]; incidents: KcidbIncident[] } {
  const issues = new Map<string, KcidbIssue>();
  const incidents = new Map<string, KcidbIncident>();
  for (const verdict of verdicts) {
    const id = issueId(run.origin, verdict.signature, foundBy(verdict));
    const test = testId(run, verdict.testPath);
    const incident = incidentId(run.origin, test, id);
    if (!issues.has(id)) issues.set(id, describeIssue(id, verdict, run.origin));
    incidents.set(incident, {
      id: incident,
      origin: run.origin,
      issue_id: id,
      issue_version: ISSUE_VERSION,
      test_id: test,
      present: true,
      comment: 'test incident, automatically generated',
    });
  }
  return { issues: [...issues.values()], incidents: [...incidents.values()] };
}

/** A kernel's end that no rule covers is known by its line alone: that too is a finding of our own. */
function foundBy({ finding, culprit }: IssueVerdict): 'logspec' | 'own' | 'lava' {
  return finding?.by ?? (culprit?.code === true ? 'own' : 'lava');
}

function describeIssue(id: string, verdict: IssueVerdict, origin: string): KcidbIssue {
  const categories = verdict.categories.filter((category) => PATTERNS.path.test(category));
  return {
    id,
    version: ISSUE_VERSION,
    origin,
    ...(verdict.culprit === undefined ? {} : { culprit: { ...verdict.culprit } }),
    ...(categories.length > 0 ? { categories } : {}),
    comment: cleanText(commentOf(verdict)),
    misc: miscOf(verdict),
  };
}

function commentOf({ finding, comment }: IssueVerdict): string {
  if (finding === undefined) return `${comment} [lava-bridge]`;
  const summary = comment === '' ? 'Error' : comment;
  return finding.by === 'logspec'
    ? `${summary} [logspec:${LOGSPEC.parser},${finding.errorType}]`
    : `${summary} [lava-bridge:${finding.errorType}]`;
}

function miscOf({ finding, misc }: IssueVerdict): Record<string, Json> {
  if (finding === undefined) return cleanRecord({ lava_bridge: misc });
  const error = describeFinding(finding);
  return finding.by === 'logspec'
    ? cleanRecord({ logspec: { ...LOGSPEC, error } })
    : cleanRecord({ lava_bridge: { error } });
}

/** All public fields that say something, as logspec prints them. */
function describeFinding(finding: Finding): Record<string, unknown> {
  const fields = Object.entries({
    error_type: finding.errorType,
    error_summary: finding.summary,
    ...finding.fields,
  });
  const empty = (value: unknown): boolean =>
    value === '' || value === null || value === undefined || (Array.isArray(value) && value.length === 0);
  return {
    ...Object.fromEntries(fields.filter(([, value]) => !empty(value))),
    log_excerpt: finding.report,
    signature_fields: finding.signatureFields,
  };
}
