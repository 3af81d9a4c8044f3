// Why a request cannot be run.
import { refusal } from './kinds.ts';

/** The rows of the catalogue on requests. */
export const REQUEST_ERRORS = {
  bad_build: refusal(
    'The build that the request tests cannot be read, or its id is not one.',
    "Look at the build's node in Maestro; for `translate`, give --build-id as <origin>:<id>.",
  ),
  bad_command: refusal(
    'A command of a test is not text, or is longer than 64 KiB.',
    'Fix the command in the definition, or put it into a script.',
  ),
  bad_definition: refusal(
    'The job definition is not valid: not UTF-8, not JSON or YAML, or not of the expected form.',
    'The message names the field. Fix what made the definition.',
  ),
  bad_depends: refusal(
    'Tests depend on each other in a circle, or on a test that is not there.',
    'Fix `depends` in the definition.',
  ),
  bad_json: refusal('A request file or line is not JSON.', 'Fix the file; the message names it.'),
  bad_kernel_args: refusal(
    "extra_kernel_args has characters that would break the boot loader's command line.",
    'Use letters, digits, spaces and _ . , : = / @ % + * ! ~ [ ] - only.',
  ),
  bad_metadata: refusal(
    "The build's metadata.json is not what it should be.",
    'Open the URL in the message; the build may be incomplete.',
  ),
  bad_name: refusal(
    'A test has a name that LAVA does not take, or two tests have the same one.',
    'Rename the test in the definition.',
  ),
  bad_node: refusal(
    'The job node in Maestro cannot be read.',
    'The message names the field; ask the admins of Maestro what made the node.',
  ),
  bad_number: refusal('A value of the definition is not a number that YAML can hold.', 'Fix the value.'),
  bad_parameters: refusal(
    'The parameters of a test are not valid.',
    'The message names the parameter and what is wrong with it.',
  ),
  bad_request: refusal('The request does not have the form of one.', 'See docs/ways-in.md for the form.'),
  bad_text: refusal(
    'A text holds a character that cannot be sent: NUL, or half of a surrogate pair.',
    'Remove the character where the text was made.',
  ),
  bad_url: refusal(
    'The URL of a file is not one that LAVA can deploy from.',
    "Fix the URL in the definition or in the board's file.",
  ),
  crashes: refusal(
    'It was under way in two crashes of the daemon (a node that was being taken in: in three), and was set aside so that the rest goes on.',
    'Please report it with the journal of the crash. `lava-bridge jobs retry` takes up a job or a report again; a node that could not be taken in is ended.',
  ),
  dtb_not_found: refusal(
    'The board needs a device tree, and the build has none of those that its file names.',
    "Compare `dtb` in the board's file with the build's metadata.",
  ),
  fetch_failed: refusal(
    'A file that the request names is not there: its server answered with an error that will not pass.',
    'Open the URL in the message.',
  ),
  fetch_redirects: refusal('A file that the request names redirects too often.', 'See fetch.max_redirects.'),
  fetch_refused: refusal(
    'A file that the request names may not be fetched: not http(s), a user in the URL, or an address outside fetch.networks.',
    'If the address is to be trusted, list its network in fetch.networks.',
  ),
  job_too_long: refusal(
    'The job asks for more time than the board or the lab allows.',
    'Raise limits.max_job_timeout of the board or definitions.max_job_timeout of the lab, or shorten the plan.',
  ),
  lava_refused: refusal(
    'LAVA refuses the job definition; its words are in the message.',
    'Fix the template or the definition. `lava-bridge validate` shows the same.',
  ),
  missing_kernel: refusal('The build has no kernel.', "Look at the build's artifacts."),
  missing_kselftest: refusal('The build has no kselftest archive.', "Look at the build's artifacts."),
  missing_parameter: refusal(
    'A test lacks a parameter that its template needs.',
    'Give it in the plan or request.',
  ),
  missing_rootfs: refusal(
    'Neither request, plan nor board says where the root file system is.',
    'Set `rootfs` in the plan or in the board’s file.',
  ),
  multinode: refusal(
    'The job wants several boards at once, which is not supported.',
    'Run it without the bridge.',
  ),
  no_platform: refusal('The job node names no platform.', 'Set data.platform of the node.'),
  no_runtime: refusal('The job node names no runtime.', 'Set data.runtime of the node.'),
  not_accepted: refusal('The lab does not take requests by this way.', 'Add the way to `accept` of the lab.'),
  not_permitted: refusal(
    'A supplied definition contains what the lab does not permit.',
    'If it is to be trusted, add it to the list under `definitions` of the lab that the message names.',
  ),
  refused_by_template: refusal(
    "One of the admin's own templates refused the request, with a code of its own.",
    'The message has the code and the text of the template.',
  ),
  template: refusal(
    'A template is at fault: it failed, or made something that is not a job definition.',
    'The message names file, line and column. `lava-bridge check` tries all templates.',
  ),
  too_large: refusal('What was sent or fetched is larger than the limit.', 'The message names the limit.'),
  unknown_board: refusal(
    'The board of the request is not registered, or not for this lab.',
    'Write its device type file (docs/boards.md).',
  ),
  unknown_plan: refusal(
    'No plan says what the job means.',
    'Write a plan for the job name (docs/boards.md, Plans).',
  ),
  unknown_runtime: refusal(
    'The runtime of the request is not a lab of this bridge.',
    'See `labs` in the configuration.',
  ),
  unsendable: refusal('The definition holds what XML-RPC cannot carry.', 'The message names the place.'),
  unsupported_boot: refusal(
    'The board cannot boot in the way that the request needs.',
    'Choose another plan or board.',
  ),
  unsupported_kernel: refusal(
    'The boot method cannot boot this kind of kernel.',
    'Choose another boot method or build.',
  ),
  unsupported_test: refusal(
    'There is no template for this type of test, or it lacks what it needs.',
    'Add a template job-templates/test/<type>.yaml.hbs (docs/templates.md).',
  ),
};
