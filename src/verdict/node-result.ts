// How Maestro's job node may end: its closed lists of words (kernelci-core kernelci/api/models.py, August 2026). Any other
// word makes Maestro refuse the whole write, so the verdict is made in these, and everybody else takes them from here.

/** The only words that Maestro takes as a node's result. */
export const NODE_RESULTS = ['pass', 'fail', 'skip', 'incomplete'] as const;
/** How a node of Maestro ends. */
export type NodeResult = (typeof NODE_RESULTS)[number];

/** The only values that Maestro takes as `data.error_code` (models.py, ErrorCodes). */
export const ERROR_CODES = [
  'invalid_job_params',
  'submit_error',
  'node_timeout',
  'Infrastructure',
  'Canceled',
  'Job',
  'Bug',
  'Test',
  'Configuration',
  'LAVATimeout',
  'MultinodeTimeout',
  'ObjectNotPersisted',
  'Unexisting permission codename.',
  'job_generation_error',
  'kbuild_internal_error',
] as const;
/** One of Maestro's error codes of jobs. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** How a job's node ends. */
export interface NodeEnd {
  result: NodeResult;
  errorCode: ErrorCode | undefined;
  errorMsg: string | undefined;
}
