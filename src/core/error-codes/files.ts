// What is wrong with files and texts that are read, above all those that the admin writes.
import { permanent } from './kinds.ts';

/** The rows of the catalogue on files and texts. */
export const FILE_ERRORS = {
  bad_value: permanent(
    'A value in a file that the admin writes is not one that it may have.',
    'The message says what is right.',
  ),
  duplicate: permanent(
    'A name is given twice, in one file or in two.',
    'The message names the other place; rename one of them.',
  ),
  malformed: permanent(
    'A text is not the JSON, YAML or XML that it should be.',
    'The message says where it came from, and its line where that is known.',
  ),
  missing_key: permanent('A key that is needed is not in a file.', 'The message names it.'),
  too_complex: permanent(
    'A text has more parts than are read, or its YAML aliases stand for too many.',
    'Find out who made it: nothing that LAVA, Maestro or KCIDB writes comes near the limit.',
  ),
  too_deep: permanent(
    'A text is nested deeper than is read.',
    'Find out who made it: nothing that LAVA, Maestro or KCIDB writes comes near the limit.',
  ),
  too_long: permanent('A text is longer than is read.', 'The message has the limit.'),
  unknown_key: permanent(
    'A file has a key that is not one of its form.',
    'The message names those that there are; look for a misspelt word.',
  ),
  unknown_reference: permanent(
    'A file names something that is not there: a plan, a template, a variable, a set of root file systems.',
    'The message names it, and what is there.',
  ),
  unread_parameter: permanent(
    'No template reads a parameter that a board or plan gives.',
    'Correct its name, or take it out.',
  ),
  unreadable: permanent('A file cannot be read.', 'The message names it and the cause.'),
};
