// `lava-bridge simulate`: one of the simulators alone, on loopback, until it gets a signal to stop.
import { InvalidArgumentError, type Command } from 'commander';
import { startKcidbSimulator } from '../sim/kcidb/server.ts';
import { SCENARIOS } from '../sim/lava/scenarios.ts';
import { startLavaSimulator } from '../sim/lava/simulator.ts';
import { startMaestroSimulator } from '../sim/maestro/server.ts';

/** A running simulator, and what is needed to use it. */
interface Running {
  stop: () => Promise<void>;
  facts: Record<string, string>;
}

interface PortOption {
  port: number;
}

interface MaestroOption extends PortOption {
  runtime: string[];
}

interface LavaOption extends PortOption {
  jobSeconds: number;
}

/** Adds `simulate maestro|lava|kcidb`. */
export function addSimulate(program: Command): void {
  const simulate = program
    .command('simulate')
    .description('run a simulated Maestro, LAVA or KCIDB on loopback, until it is stopped')
    .helpCommand(false);

  simulate
    .command('maestro')
    .description('nodes, events, users and runtimes of a Maestro')
    .option('--port <number>', 'listen there; 0 is any free port', port, 0)
    .option('--runtime <name...>', "the labs whose nodes the token's user may edit", ['lava-sim'])
    .action(async (options: MaestroOption) => {
      await runUntilStopped(async () => {
        const { port: at, runtime: runtimes } = options;
        const { url, token, pipelineToken, stop } = await startMaestroSimulator({ port: at, runtimes });
        return { stop, facts: { url, token, 'pipeline token': pipelineToken, runtimes: runtimes.join(' ') } };
      });
    });

  simulate
    .command('lava')
    .description('a LAVA lab whose jobs end as their kernel URL says')
    .option('--port <number>', 'listen there; 0 is any free port', port, 0)
    .option('--job-seconds <number>', 'how long a job runs', seconds, 8)
    .addHelpText('after', `\n${scenarioHelp()}`)
    .action(async (options: LavaOption) => {
      await runUntilStopped(() => startLava(options));
    });

  simulate
    .command('kcidb')
    .description("KCIDB's submission service and its ingester")
    .option('--port <number>', 'listen there; 0 is any free port', port, 0)
    .action(async (options: PortOption) => {
      await runUntilStopped(async () => {
        const { url, token, stop } = await startKcidbSimulator(options);
        return { stop, facts: { url, token } };
      });
    });
}

async function startLava({ port, jobSeconds }: LavaOption): Promise<Running> {
  const pace = { scheduleMs: 200, startMs: 300, runMs: jobSeconds * 1000, cancelMs: 2000 };
  const { url, eventsUrl, user, token, callback, stop } = await startLavaSimulator({ port, pace });
  return {
    stop,
    facts: {
      url,
      events: eventsUrl,
      user,
      token,
      'callback token': `${callback.token} (as "${callback.name}")`,
      control: `${url}/sim/state`,
    },
  };
}

/** Prints how to use a simulator, and keeps it until SIGINT or SIGTERM. */
async function runUntilStopped(start: () => Promise<Running>): Promise<void> {
  const { stop, facts } = await start();
  const width = Math.max(...Object.keys(facts).map((key) => key.length));
  for (const [key, value] of Object.entries(facts)) {
    process.stdout.write(`${key.padEnd(width)}  ${value}\n`);
  }
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  await stop();
}

function scenarioHelp(): string {
  const width = Math.max(...[...SCENARIOS.keys()].map((name) => name.length));
  const lines = [...SCENARIOS].map(
    ([name, { rule, about }]) => `  ${name.padEnd(width)}  ${about} (rule ${rule})`,
  );
  return `A job whose kernel URL contains /scenario/NAME/ ends so; others pass:\n${lines.join('\n')}`;
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number < 65_536) return number;
  throw new InvalidArgumentError('a port number, 0 to 65535');
}

function seconds(text: string): number {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0 && number <= 86_400) return number;
  throw new InvalidArgumentError('seconds, above 0');
}
