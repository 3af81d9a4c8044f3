// The ids under which KCIDB keeps our objects. The same thing has the same id on every resend, since KCIDB keeps the
// first value that it gets for an id; another run has another.
import { createHash } from 'node:crypto';

/** A run of a job. `key` distinguishes the runs of a lab: LAVA's job id, or for a job that never got one our own. */
export interface RunKey {
  origin: string;
  /** The runtime's name in Maestro. */
  lab: string;
  key: string;
}

/** The id of a test of a run, `mylab:lava-mylab-123-boot`. Its path is unique in its run. */
export function testId({ origin, lab, key }: RunKey, path: string): string {
  return `${origin}:${lab}-${key}-${path}`;
}

/** The id of a build or checkout of Maestro. */
export function maestroId(nodeId: string): string {
  return `maestro:${nodeId}`;
}

/**
 * The id of an issue: Maestro's own signatures as they are, so that the same crash can be matched everywhere; what our
 * own rules found says so.
 */
export function issueId(origin: string, signature: string, by: 'logspec' | 'own' | 'lava'): string {
  return by === 'own' ? `${origin}:own-${signature}` : `${origin}:${signature}`;
}

/** Issues never get a second version: the server keeps the first and drops the incidents of others. */
export const ISSUE_VERSION = 1;

/**
 * The id of the incident of an issue on a test, as Maestro makes it: the sha1 of the JSON text as Python writes it
 * (kernelci-pipeline logspec_api.py).
 */
export function incidentId(origin: string, testId: string, issueId: string): string {
  const text = `[${JSON.stringify(testId)}, ${JSON.stringify(issueId)}, ${ISSUE_VERSION}]`;
  return `${origin}:${createHash('sha1').update(escapeAsPython(text)).digest('hex')}`;
}

/** Python's json.dumps writes what is beyond ASCII as \uXXXX. */
function escapeAsPython(text: string): string {
  return text.replace(/[\u007f-\uffff]/g, (c) =>
    c === '\u007f' ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The id of a checkout that is not Maestro's (kci-dev libs/kcidb.py). */
export function checkoutId(
  origin: string,
  c: { url: string; branch: string; commit: string; patchsetHash: string },
): string {
  return `${origin}:ck-${sha256([c.url, c.branch, c.commit, c.patchsetHash])}`;
}

/** The id of a build that is not Maestro's (kci-dev libs/kcidb.py). */
export function buildId(
  origin: string,
  b: { checkoutId: string; arch: string; configName: string; compiler: string; startTime: string },
): string {
  return `${origin}:b-${sha256([b.checkoutId, b.arch, b.configName, b.compiler, b.startTime])}`;
}

function sha256(parts: string[]): string {
  return createHash('sha256').update(parts.join('|')).digest('hex');
}
