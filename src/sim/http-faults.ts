// Faults that a simulated HTTP server shows on command: what networks and servers do to a client.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sleep } from '../core/time.ts';
import { seededRandom } from './random.ts';

export interface Fault {
  /**
   * `status`: answers so, without doing anything. `mute`: never answers (a black hole). `cut`: cuts the connection,
   * without doing anything. `lose`: does what is asked, and cuts the connection instead of answering.
   * `slow`: waits first.
   */
  kind: 'status' | 'mute' | 'cut' | 'lose' | 'slow';
  /** For `status`; 500 if it is not there. */
  status?: number;
  /** For `slow`, milliseconds. */
  delayMs?: number;
  /** Only requests of this method. */
  method?: string;
  /** Only requests whose path (with the query) matches. */
  path?: RegExp;
  /** How many requests it applies to; all if it is not there. */
  times?: number;
  /** How likely it applies to a request, 0 to 1. */
  chance?: number;
}

/** The faults that a simulated server shows. */
export interface Faults {
  /** Gives a function that ends the fault. */
  add: (fault: Fault) => () => void;
  clear: () => void;
  /** How many requests met with one. */
  hits: () => number;
}

/** The faults of one server; what is added works from the next request on. */
export function installFaults(app: FastifyInstance, seed: number): Faults {
  const random = seededRandom(seed);
  const active: { fault: Fault; left: number }[] = [];
  const lost = new WeakSet<FastifyRequest>();
  let hits = 0;

  function pick(request: FastifyRequest): Fault | undefined {
    const found = active.find(({ fault, left }) => {
      if (left <= 0 || (fault.method !== undefined && fault.method !== request.method)) return false;
      if (fault.path !== undefined && !fault.path.test(request.originalUrl)) return false;
      return fault.chance === undefined || random() < fault.chance;
    });
    if (found === undefined) return undefined;
    found.left--;
    hits++;
    return found.fault;
  }

  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const fault = pick(request);
    switch (fault?.kind) {
      case undefined:
        return;
      case 'slow':
        await sleep(fault.delayMs ?? 0);
        return;
      case 'lose':
        lost.add(request);
        return;
      case 'mute':
        reply.hijack();
        return;
      case 'cut':
        reply.hijack();
        request.raw.socket.destroy();
        return;
      case 'status':
        await reply
          .code(fault.status ?? 500)
          .type('text/html')
          .send('<html><h1>Error on command</h1></html>');
    }
  });

  app.addHook('onSend', async (request: FastifyRequest, _reply: FastifyReply, payload: unknown) => {
    if (lost.has(request)) request.raw.socket.destroy();
    return payload;
  });

  return {
    add: (fault) => {
      const entry = { fault, left: fault.times ?? Infinity };
      active.push(entry);
      return () => {
        entry.left = 0;
      };
    },
    clear: () => {
      active.length = 0;
    },
    hits: () => hits,
  };
}
