// Which commands there are. Each is loaded when it is named; all are for the help, the manual pages and completion.
import { Command } from 'commander';
import { programVersion } from '../core/version.ts';

type Add = (program: Command) => void;

/** By the first word: where its command is. */
const COMMANDS: Record<string, () => Promise<Add>> = {
  run: async () => (await import('./run.ts')).addRun,
  demo: async () => (await import('./demo.ts')).addDemo,
  check: async () => (await import('./check.ts')).addCheck,
  render: async () => (await import('./render.ts')).addRender,
  validate: async () => (await import('./validate.ts')).addValidate,
  translate: async () => (await import('./translate.ts')).addTranslate,
  triage: async () => (await import('./triage.ts')).addTriage,
  submit: async () => (await import('./submit.ts')).addSubmit,
  jobs: async () => (await import('./jobs.ts')).addJobs,
  test: async () => (await import('./test.ts')).addTest,
  rejudge: async () => (await import('./rejudge.ts')).addRejudge,
  top: async () => (await import('./top.ts')).addTop,
  summary: async () => (await import('./summary.ts')).addSummary,
  boards: async () => (await import('./overview.ts')).addBoards,
  labs: async () => (await import('./overview.ts')).addLabs,
  drain: async () => (await import('./overview.ts')).addDrain,
  resume: async () => (await import('./overview.ts')).addResume,
  kcidb: async () => (await import('./kcidb.ts')).addKcidb,
  doctor: async () => (await import('./doctor.ts')).addDoctor,
  init: async () => (await import('./init.ts')).addInit,
  backup: async () => (await import('./backup.ts')).addBackup,
  restore: async () => (await import('./backup.ts')).addRestore,
  store: async () => (await import('./store.ts')).addStore,
  import: async () => (await import('./import.ts')).addImport,
  simulate: async () => (await import('./simulate.ts')).addSimulate,
};

/** The program with the command of that name, or with all of them if there is none. */
export async function createProgram(name?: string): Promise<Command> {
  const program = new Command('lava-bridge')
    .description('Lets KernelCI test Linux kernels on the boards of a LAVA lab.')
    .version(programVersion(), '--version')
    .helpCommand(false)
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 used wrongly; of run, 78: the configuration is wrong, or the store is of a newer version.',
    );
  const named = COMMANDS[name ?? ''];
  if (name === '--version') return program;
  for (const load of named === undefined ? Object.values(COMMANDS) : [named]) (await load())(program);
  return program;
}
