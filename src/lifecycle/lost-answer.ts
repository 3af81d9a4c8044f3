// How long a submission may go on in LAVA after its answer was lost.
import { SECOND } from '../core/time.ts';

/** LAVA may still be at work on a submission whose answer was lost: its web server gives a request 30 s. */
export const LOST_ANSWER_REST = 35 * SECOND;
