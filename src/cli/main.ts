// The program: what the command line makes of the arguments is how the process ends.
import { runCommandLine } from './command-line.ts';

// A reader that closed our output early (head) has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCommandLine(process.argv);
