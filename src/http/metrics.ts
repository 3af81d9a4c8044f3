// `/metrics`, in Prometheus' text format: what there is to do, what waits where, and what is away.
import type { FastifyInstance } from 'fastify';
import type { HttpPorts } from './ports.ts';
import type { Outbox } from '../engine/outbox.ts';
import type { Counters } from './counters.ts';

interface Options {
  ctx: HttpPorts;
  counters: Counters;
  outbox: Pick<Outbox, 'states'>;
}

type Sample = [labels: Record<string, string>, value: number];

export function addMetrics(app: FastifyInstance, { ctx, counters, outbox }: Options): void {
  app.get('/metrics', async (_request, reply) => {
    const [jobs, deliveries] = await Promise.all([ctx.store.openCounts(), ctx.store.deliveryCounts()]);
    const { callbacks, requests } = counters.snapshot();
    const labs = [...ctx.labs.values()];
    const text = [
      family(
        'lava_bridge_open_jobs',
        'gauge',
        'Jobs that have not ended, by their last completed stage.',
        jobs.map((j) => [{ lab: j.lab, board: j.board, stage: j.stage }, j.count]),
      ),
      family(
        'lava_bridge_deliveries',
        'gauge',
        'Deliveries that have not ended, by state.',
        deliveries.map((d) => [{ destination: d.destination, state: d.state }, d.count]),
      ),
      family(
        'lava_bridge_lab_up',
        'gauge',
        '0 while the lab does not answer.',
        labs.map((lab) => [{ lab: lab.name }, lab.state().status === 'down' ? 0 : 1]),
      ),
      family(
        'lava_bridge_xmlrpc_requests_total',
        'counter',
        'Requests to the lab since the start.',
        labs.map((lab) => [{ lab: lab.name }, lab.calls()]),
      ),
      family(
        'lava_bridge_destination_up',
        'gauge',
        '0 while the destination does not answer.',
        [...outbox.states()].map(([destination, s]) => [{ destination }, s.status === 'down' ? 0 : 1]),
      ),
      family(
        'lava_bridge_callbacks_total',
        'counter',
        'Callbacks of LAVA since the start, by what became of them.',
        Object.entries(callbacks).map(([outcome, n]) => [{ outcome }, n]),
      ),
      family(
        'lava_bridge_requests_total',
        'counter',
        'Pushed requests since the start, by what became of them.',
        Object.entries(requests).map(([outcome, n]) => [{ outcome }, n]),
      ),
      ...ctx.reporting.metrics().map(({ name, help, value }) => family(name, 'counter', help, [[{}, value]])),
      family('process_resident_memory_bytes', 'gauge', 'Memory in use.', [[{}, process.memoryUsage.rss()]]),
      family('process_start_time_seconds', 'gauge', 'When the daemon started.', [
        [{}, Math.floor(Date.now() / 1000 - process.uptime())],
      ]),
    ].join('');
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
  });
}

function family(name: string, type: 'gauge' | 'counter', help: string, samples: Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const inside = Object.entries(labels).map(
      ([k, v]) => `${k}="${v.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`,
    );
    return `${name}${inside.length === 0 ? '' : `{${inside.join(',')}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
