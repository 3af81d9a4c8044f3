// `scheduler.remote_artifact_tokens.*`: a user's own tokens for what LAVA fetches and calls, each by its name.
import type { Lab } from './lab.ts';
import { RpcFault, type WireValue } from './xmlrpc-answer.ts';

/** The methods, by the last part of their names; undefined: there is none. */
export function callTokenMethod(
  lab: Lab,
  user: string,
  name: string,
  [token, value]: readonly unknown[],
): WireValue | undefined {
  const tokens = lab.artifactTokens.get(user) ?? new Map<string, string>();
  lab.artifactTokens.set(user, tokens);
  const key = String(token);
  const missing = new RpcFault(404, `Token '${key}' was not found.`);
  switch (name) {
    case 'list':
      return [...tokens].map(([name, token]) => ({ name, token }));
    case 'show': {
      const found = tokens.get(key);
      if (found === undefined) throw missing;
      return found;
    }
    case 'add':
      if (tokens.has(key)) throw new RpcFault(400, 'Bad request: token already exists?');
      tokens.set(key, String(value));
      return null;
    case 'delete':
      if (!tokens.delete(key)) throw missing;
      return null;
    default:
      return undefined;
  }
}
