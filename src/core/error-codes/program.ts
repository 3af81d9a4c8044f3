// What goes wrong in the program itself: its store, its HTTP interface, its commands.
import { answer, permanent, temporary } from './kinds.ts';

/** The rows of the catalogue on the program, its store and its API. */
export const PROGRAM_ERRORS = {
  bad_body: answer(400, 'The body is not what the path takes.', 'See /api/v1/openapi.json.'),
  busy: answer(
    503,
    'More callbacks or readers came at once than are served at a time.',
    'A callback that was refused so is made good by asking LAVA; readers come again a little later.',
  ),
  done: answer(409, 'The job has ended, or is being cancelled.', 'Nothing is left to do.'),
  internal: answer(500, 'The bridge failed inside.', 'See the journal. Please report it.'),
  invalid: answer(
    400,
    'A query or body is not valid.',
    'The message names the field; see /api/v1/openapi.json.',
  ),
  method_not_allowed: answer(405, 'The path does not take this method.', 'Callbacks are sent with POST.'),
  no_token: answer(
    403,
    'No token for orders is set, so that nothing can be changed.',
    'Set http.token, or one of http.tokens with the role operate.',
  ),
  evidence_gone: answer(
    409,
    'The logs of the job are no longer kept, so it cannot be judged again.',
    'Nothing; retention.evidence says how long they are kept.',
  ),
  not_judged: answer(
    409,
    'The job has no verdict that was reported, so it cannot be judged again.',
    'Wait for its end.',
  ),
  not_drained: answer(409, 'The lab, board or device was not drained.', 'Nothing is left to do.'),
  not_found: answer(404, 'There is no such path or file.', 'See /api/v1/openapi.json.'),
  nothing: answer(409, 'The job has nothing to retry.', 'See its timeline: `lava-bridge jobs show`.'),
  other_job: answer(
    409,
    'A callback names a LAVA job that is not an attempt of this job.',
    'Another sender uses the token or the address; if it repeats, change callback.token.',
  ),
  read_only: answer(403, 'The token is one for reading.', 'Use a token whose role is operate (http.tokens).'),
  unauthorized: answer(401, 'The token is missing or wrong.', 'For callbacks, see `lava-bridge check`.'),
  unknown_host: answer(
    421,
    'The bridge was called by a name that is not its own.',
    'Add the name to http.hosts, if it is yours.',
  ),
  unknown_job: answer(404, 'There is no such job.', 'It may be older than retention allows.'),
  unknown_lab: answer(404, 'There is no lab of that name in the configuration.', 'See `lava-bridge labs`.'),

  backup: permanent(
    'A backup cannot be made or restored.',
    'The message names the file and the cause; nothing was changed.',
  ),
  bad_option: permanent('An option of a command is not valid.', 'The message names it.'),
  bad_origin: permanent('--origin is not an origin of KCIDB.', 'Use lower-case letters, digits and _ only.'),
  blob: permanent(
    'The name of a stored file is not one.',
    'This is a fault of the bridge: please report it.',
  ),
  config: permanent(
    'A file that the admin writes is wrong.',
    'The message names file, line, column and what is right.',
  ),
  database_not_empty: permanent(
    'The database that a state is to be moved to holds something already.',
    'Give an empty one: docs/postgresql.md.',
  ),
  disk_full: temporary(
    'The disk of a folder is full, so that something cannot be written there.',
    'The message names the folder: make room there, or keep less (retention). It goes on by itself.',
  ),
  in_use: permanent('Another lava-bridge works with the same state.', 'End it, or set another store.'),
  invalid_report: permanent(
    'A translated report is not valid.',
    'This is a fault of the bridge: please report it.',
  ),
  listen: permanent(
    'An address cannot be listened on.',
    'See http.listen; another program may have the port.',
  ),
  local_socket: permanent(
    'systemd, or its journal, cannot be reached by its local socket.',
    'The message names the socket and the cause; compare the unit with the one that is shipped.',
  ),
  newer_state: permanent(
    'The state that a backup would replace has changed since it was made.',
    'Give --force if the backup is wanted all the same.',
  ),
  newer_store: permanent(
    'The store was written by a newer lava-bridge.',
    'Upgrade again, or put back the copy that the upgrade made: docs/upgrade.md.',
  ),
  no_attempt: permanent('A job has no attempt yet.', 'This is a fault of the bridge: please report it.'),
  no_daemon: permanent(
    'The daemon does not answer.',
    'Look at `systemctl status lava-bridge`, and start it: `systemctl start lava-bridge`.',
  ),
  no_evidence: permanent('Nothing is known of the end of a job.', 'Give the callback that says Finished.'),
  lost_lease: temporary(
    'Another daemon on the same database does this work now.',
    'Nothing; it goes on there. `lava-bridge labs` shows who does what.',
  ),
  no_lab: permanent(
    'The lab of a stored job is not in the configuration.',
    'Put the lab back, until its jobs have ended.',
  ),
  no_labs: permanent('The imported configuration has no LAVA lab.', 'Choose another --instance or --api.'),
  no_lava_id: permanent('An attempt has no LAVA id yet.', 'This is a fault of the bridge: please report it.'),
  no_result: permanent('A job ended without a result.', 'See its timeline: `lava-bridge jobs show`.'),
  no_results: permanent(
    'A LAVA job ended, but its results are not at hand.',
    'Use a callback with dataset "all", or have the daemon fetch them.',
  ),
  not_empty: permanent('The folder to write to is not empty.', 'Give another, or --force.'),
  not_finished: permanent('The LAVA job has not finished.', 'Wait for the callback that says Finished.'),
  not_moved: permanent(
    'A state that was moved to PostgreSQL is not the same there; nothing was changed where it came from.',
    'Run `lava-bridge store migrate` again; if it stays so, report it.',
  ),
  not_written: permanent('A file or folder cannot be written.', 'See permissions and space.'),
  odd_answer: permanent('What answers at the address is not the daemon.', 'See http.api_listen.'),
  other_database: temporary(
    'PostgreSQL leads to another database than the one that the daemon began with: a standby took over, or it was restored.',
    'Nothing; the daemon starts again, and searches labs and Maestro for what is missing (docs/postgresql.md).',
  ),
  port: permanent('No free port was found on 127.0.0.1.', 'End other programs.'),
  refused: permanent('The daemon refused the order.', 'The message has the reason.'),
  secret: permanent('A secret cannot be read, or is empty.', 'The message says where it was looked for.'),
  stale: permanent('A job was changed by another writer meanwhile.', 'Nothing; it is read again.'),
  store: permanent('The store cannot be opened or locked.', 'The message names the file and the cause.'),
  suspected: temporary(
    'It was under way when the daemon died. Until it has come through, it runs apart from all else that was under way then.',
    'Nothing; it is tried again soon.',
  ),
  tls: permanent(
    'A certificate or its key cannot be used.',
    'The message names the file and the cause; see http.tls.',
  ),
  unknown_name: permanent(
    'The configuration to import does not know the name.',
    'The message lists those that it knows.',
  ),
};
