// The HTTP side of the simulated lab's XML-RPC: credentials, bodies, faults on command.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeCall } from '../../lava/xmlrpc-codec.ts';
import type { Dice, Faults } from './faults.ts';
import type { Lab } from './lab.ts';
import { callMethod } from './methods.ts';
import { internal } from './submission.ts';
import { encodeFault, encodeResult, Fault } from './wire.ts';
import type { SimUser } from './world.ts';

/** Django's limit (DATA_UPLOAD_MAX_MEMORY_SIZE). */
const MAX_BODY = 2_621_440;

export interface RpcContext {
  lab: Lab;
  users: readonly SimUser[];
  faults: Faults;
  dice: Dice;
  /** Told of every call. */
  count: (method: string) => void;
}

/** Answers one request to `/RPC2`. */
export async function serveRpc(
  context: RpcContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { faults, dice } = context;
  const body = await readBody(request);
  if (faults.rpc === 'blackhole') return;
  if (faults.rpcDelayMs > 0) await sleep(faults.rpcDelayMs);
  if (faults.rpc !== 'ok') return answer(response, faults.rpc, 'text/html', '<h1>Server Error</h1>');
  if (dice(faults.rpcErrorChance)) return answer(response, 502, 'text/html', '<h1>Bad Gateway</h1>');
  if (request.method !== 'POST' || body?.length === 0) {
    return void response.writeHead(302, { location: '/api/help/' }).end();
  }
  if (!body) return answer(response, 400, 'text/html', 'Bad Request');
  const user = userOf(context.users, request.headers.authorization);
  if (user === 'unknown') {
    response.setHeader('www-authenticate', 'Basic realm="XML-RPC Authentication token"');
    return answer(response, 401, 'text/html; charset=utf-8', 'Invalid token');
  }
  const { method, xml } = await dispatch(context, user?.name, body);
  if (losesAnswer(context, method)) return void request.socket.destroy();
  answer(response, 200, 'application/xml', xml);
}

async function dispatch(
  { lab, count }: RpcContext,
  user: string | undefined,
  body: Buffer,
): Promise<{ method: string; xml: string }> {
  let method = '';
  try {
    const call = await decodeCall(body);
    method = call.method;
    count(method);
    return { method, xml: encodeResult(await callMethod(lab, user, method, call.params)) };
  } catch (error) {
    const fault = error instanceof Fault ? error : internal(String(error));
    return { method, xml: encodeFault(fault) };
  }
}

function losesAnswer({ faults, dice }: RpcContext, method: string): boolean {
  if (faults.loseAnswers > 0 && method === faults.loseAnswersOf) {
    faults.loseAnswers--;
    return true;
  }
  return dice(faults.rpcLossChance);
}

function userOf(users: readonly SimUser[], header: string | undefined): SimUser | 'unknown' | undefined {
  if (header === undefined) return undefined;
  const [, encoded = ''] = /^Basic (\S+)$/.exec(header) ?? [];
  const plain = Buffer.from(encoded, 'base64').toString();
  return users.find(({ name, token }) => plain === `${name}:${token}`) ?? 'unknown';
}

/** undefined: larger than LAVA takes. */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size <= MAX_BODY) chunks.push(chunk as Buffer);
  }
  return size > MAX_BODY ? undefined : Buffer.concat(chunks);
}

export function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}
