// The HTTP side of the simulated lab's XML-RPC: credentials, bodies, what LAVA answers outside of XML-RPC.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { decodeCall } from '../../lava/xmlrpc-codec.ts';
import type { Lab } from './lab.ts';
import { callMethod } from './methods.ts';
import { internal } from './submission.ts';
import type { Switches } from './switches.ts';
import { encodeFault, encodeResult, RpcFault } from './xmlrpc-answer.ts';
import type { SimUser } from './model.ts';

/** Django's limit of a body (DATA_UPLOAD_MAX_MEMORY_SIZE), bytes. */
export const MAX_BODY = 2_621_440;

export interface RpcContext {
  lab: Lab;
  users: readonly SimUser[];
  switches: Switches;
  /** Called for every call. */
  count: (method: string) => void;
}

/** Adds `/RPC2`. Bodies are to be parsed to Buffers. */
export function addRpc(app: FastifyInstance, context: RpcContext): void {
  const serve = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    if (body.length === 0) return reply.redirect('/api/help/');
    const user = userOf(context.users, request.headers.authorization);
    if (user === 'unknown') {
      return reply
        .code(401)
        .header('www-authenticate', 'Basic realm="XML-RPC Authentication token"')
        .type('text/html; charset=utf-8')
        .send('Invalid token');
    }
    const { method, xml } = await dispatch(context, user?.name, body);
    if (!losesAnswer(context.switches, method)) return reply.type('application/xml').send(xml);
    reply.hijack();
    request.raw.socket.destroy();
    return reply;
  };
  for (const path of ['/RPC2', '/RPC2/']) app.route({ method: ['GET', 'POST'], url: path, handler: serve });
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
    const fault = error instanceof RpcFault ? error : internal(String(error));
    return { method, xml: encodeFault(fault) };
  }
}

function losesAnswer(switches: Switches, method: string): boolean {
  if (switches.loseAnswers === 0 || method !== switches.loseAnswersOf) return false;
  switches.loseAnswers--;
  return true;
}

function userOf(users: readonly SimUser[], header: string | undefined): SimUser | 'unknown' | undefined {
  if (header === undefined) return undefined;
  const [, encoded = ''] = /^Basic (\S+)$/.exec(header) ?? [];
  const plain = Buffer.from(encoded, 'base64').toString();
  return users.find(({ name, token }) => plain === `${name}:${token}`) ?? 'unknown';
}
