// What goes wrong between the bridge and the systems outside.
import { auth, permanent, temporary } from './kinds.ts';

/** The rows of the catalogue on the systems outside. */
export const SYSTEM_ERRORS = {
  aborted: temporary('A call was given up, because the daemon is stopping.', 'Nothing; it is made again.'),
  answer_too_large: temporary(
    'An answer was larger than the limit, and was not read to its end.',
    'If it repeats, the address may be wrong; the message names it and the limit.',
  ),
  down: temporary(
    'The system did not answer several times, so that nothing is sent to it for a while.',
    'The message has the last failure. `lava-bridge check` tries the system at once.',
  ),
  unreachable: temporary(
    'No connection, a connection that was cut, or no answer in time.',
    'If it lasts, look at the network and at the other side; the message names host and cause.',
  ),
  fetch_busy: temporary('The server of a file is busy or broken.', 'Nothing; it is fetched again.'),

  kcidb_auth: auth(
    'KCIDB refuses our credentials.',
    'Check kcidb.token, or kcidb.pubsub and its credentials.',
  ),
  kcidb_busy: temporary('KCIDB is busy or broken.', 'Nothing; the report is sent again.'),
  kcidb_command: temporary(
    'The command that takes the reports (kcidb.command) failed.',
    'The message has the end of its output.',
  ),
  kcidb_failed: permanent(
    'KCIDB could not store a submission, and gives no reason.',
    'Ask the admins of KCIDB with the id of the submission; `lava-bridge jobs retry` sends it again.',
  ),
  kcidb_odd_answer: temporary('The answer is not one of KCIDB.', 'Check kcidb.url.'),
  kcidb_refused: permanent(
    'KCIDB refuses this report.',
    'The message has its words. This is a fault of the bridge: please report it.',
  ),
  kcidb_rest: permanent('KCIDB_REST does not have its form.', 'Use [http[s]://]TOKEN@HOST[:PORT][/path].'),
  bad_report: permanent(
    'A report is not of KCIDB’s schema.',
    'This is a fault of the bridge: please report it.',
  ),

  lava_answer: temporary(
    "LAVA's answer has an unknown form.",
    'Check that the URL is LAVA’s. A version newer than the bridge knows may be the cause.',
  ),
  lava_auth: auth(
    'LAVA does not know the user with this token.',
    'Check user and token: an API token of that user (not the password), and the account active.',
  ),
  lava_busy: temporary(
    'LAVA, or the web server before it, is busy or broken.',
    'Nothing; it is asked again.',
  ),
  lava_fault: permanent(
    'LAVA refuses the call for a reason that the bridge does not know.',
    'The message has its words.',
  ),
  lava_forbidden: permanent('The user may not do that in LAVA.', 'Give the user the permission in LAVA.'),
  lava_http: permanent('The web server refuses the call.', "Check that the URL is LAVA's."),
  lava_internal: temporary('LAVA failed inside.', "If it lasts, look at LAVA's own log."),
  lava_not_found: permanent(
    'LAVA has no such job or device, or hides it from our user.',
    'See the permissions in LAVA.',
  ),
  lava_redirect: permanent('The URL of LAVA redirects elsewhere.', 'Configure the final URL.'),
  lava_version: permanent('LAVA does not know the call.', 'LAVA 2023.01 or newer is needed.'),
  bad_callback: permanent('A body is not that of a LAVA callback.', 'Take the body as LAVA sent it.'),
  bad_results: permanent('The results of a job cannot be read.', 'Look at the job in LAVA.'),
  no_answer: temporary('LAVA did not answer for one of our jobs.', 'Nothing; it is asked again.'),
  search: temporary(
    'LAVA has too many jobs to say whether it has one of ours.',
    'Nothing; the search goes on. Nothing is submitted meanwhile.',
  ),
  searching: temporary(
    'The store lost data, and the lab has not been searched yet for what was submitted before.',
    'Nothing; it is searched as soon as it answers, and nothing is submitted twice.',
  ),
  xmlrpc_fault: permanent('LAVA answered a call with a fault.', 'The message has its code and its words.'),

  maestro_auth: auth(
    'Maestro refuses our token.',
    'Check maestro.token, and that its user is in the group runtime:<lab>:node-editor.',
  ),
  maestro_busy: temporary('Maestro is busy or broken.', 'Nothing; it is asked again.'),
  maestro_forbidden: permanent(
    'The user of our token may not edit the node.',
    'Ask the admins of Maestro for the group runtime:<lab>:node-editor.',
  ),
  maestro_invalid: permanent(
    'A change was not sent, because Maestro would refuse it.',
    'This is a fault of the bridge: please report it.',
  ),
  maestro_not_found: permanent(
    'Maestro has no such node.',
    'Check maestro.url: the node may be another instance’s.',
  ),
  maestro_odd_answer: temporary('The answer is not one of Maestro.', 'Check maestro.url.'),
  maestro_odd_node: permanent(
    'A node of Maestro cannot be read.',
    'The message names the node and the field.',
  ),
  maestro_refused: permanent('Maestro refuses the call.', 'The message has its words.'),

  notify_auth: auth('The webhook of notify refuses our token.', 'Check notify.webhook.token.'),
  notify_busy: temporary(
    'The webhook of notify is busy or broken.',
    'Nothing; what holds then is sent with the next look.',
  ),
  notify_refused: permanent('The webhook of notify refuses a notification.', 'The message has its words.'),

  storage_auth: auth(
    'The storage refuses our token.',
    'Check storage.token and the permission for storage.prefix.',
  ),
  storage_busy: temporary('The storage is busy or broken.', 'Nothing; the file is sent again.'),
  storage_failed: temporary('A log could not be kept on disk.', 'Look at the disk: space, permissions.'),
  storage_forbidden: permanent('The token may not write below storage.prefix.', 'Ask for the permission.'),
  storage_refused: permanent('The storage refuses the file.', 'The message has its words.'),
  storage_unverified: temporary(
    'The storage accepted a file, but it cannot be read where it should be.',
    'Check storage.public_url.',
  ),
  bad_path: permanent('A path is not one for a log.', 'This is a fault of the bridge: please report it.'),
};
