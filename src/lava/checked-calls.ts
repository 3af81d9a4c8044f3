// Calls to LAVA over XML-RPC: answers are parsed, faults explained, and many calls go in one request.
import type { z } from 'zod';
import { TemporaryError } from '../core/errors.ts';
import { parseAnswer } from './answers.ts';
import { explainFault } from './faults.ts';
import type { Call, Outcome, XmlRpcClient, XmlRpcParam } from './xmlrpc.ts';

export interface CheckedCalls {
  /** One call, its answer parsed; `what` names its subject in errors. */
  send: <S extends z.ZodType>(
    schema: S,
    what: string,
    call: Call,
    signal?: AbortSignal,
  ) => Promise<z.output<S>>;
  /** Many calls in few requests; one outcome each, in order. */
  sendAll: (calls: readonly Call[], signal?: AbortSignal) => Promise<Outcome[]>;
}

/** Calls in one multicall: it keeps one of LAVA's few web workers busy. */
const BATCH = 200;

export function createCheckedCalls(rpc: XmlRpcClient): CheckedCalls {
  return {
    send: async (schema, what, call, signal) => {
      let value: unknown;
      try {
        value = await rpc.call(call.method, call.params, signal);
      } catch (error) {
        throw explainFault(error, what);
      }
      return parseAnswer(schema, call.method, value);
    },
    sendAll: async (calls, signal) => {
      const outcomes: Outcome[] = [];
      for (let i = 0; i < calls.length; i += BATCH) {
        outcomes.push(...(await rpc.multicall(calls.slice(i, i + BATCH), signal)));
      }
      return outcomes;
    },
  };
}

/** A call, for short. */
export function to(method: string, ...params: XmlRpcParam[]): Call {
  return { method, params };
}

/** The value of an outcome, parsed; its fault is thrown, explained. */
export function read<S extends z.ZodType>(
  schema: S,
  what: string,
  outcome: Outcome | undefined,
): z.output<S> {
  if (outcome === undefined) throw new TemporaryError('lava_answer', `${what}: no answer`);
  if ('fault' in outcome) throw explainFault(outcome.fault, what);
  return parseAnswer(schema, what, outcome.value);
}
