// A mail server on loopback: takes mails, asks for a password if it is to, speaks STARTTLS if it has a certificate, and refuses
// what a test wants refused.
import { createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { atEnd } from './at-end.ts';

interface Mail {
  from: string;
  to: string[];
  /** Headers and text, as they came. */
  data: string;
  isEncrypted: boolean;
  /** Who sent it: `\0user\0password`, if they said so. */
  login: string | undefined;
}

export interface SmtpServer {
  port: number;
  mails: Mail[];
  /** The answer to the next mails in place of the usual one: `451 later`. */
  refusal: string | undefined;
}

interface Settings {
  tls?: { key: string; cert: string };
  needsLogin?: boolean;
}

export async function startSmtp({ tls, needsLogin = false }: Settings = {}): Promise<SmtpServer> {
  const sockets = new Set<Socket>();
  const state: SmtpServer = { port: 0, mails: [], refusal: undefined };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.write('220 mail.test ready\r\n');
    serve(socket, false);
  });

  function serve(socket: Socket, isEncrypted: boolean): void {
    let text = '';
    let isData = false;
    let mail: Mail = { from: '', to: [], data: '', isEncrypted, login: undefined };
    let login: string | undefined;
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    socket.on('error', () => undefined);
    socket.on('data', take);

    function take(chunk: Buffer): void {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (isData) data(line);
        else command(line);
      }
    }

    function data(line: string): void {
      if (line !== '.') {
        mail.data += `${line}\n`;
        return;
      }
      isData = false;
      state.mails.push({ ...mail, login });
      say('250 taken');
    }

    function command(line: string): void {
      const word = line.split(' ')[0]?.toUpperCase();
      if (word === 'EHLO' || word === 'HELO') {
        const more = [...(tls && !isEncrypted ? ['STARTTLS'] : []), ...(needsLogin ? ['AUTH PLAIN'] : [])];
        for (const each of more) say(`250-${each}`);
        say('250 8BITMIME');
      } else if (word === 'STARTTLS' && tls) {
        say('220 go on');
        socket.off('data', take);
        serve(new TLSSocket(socket, { isServer: true, ...tls }), true);
      } else if (word === 'AUTH') {
        login = Buffer.from(line.split(' ')[2] ?? '', 'base64').toString();
        say(login.endsWith('\0right') ? '235 welcome' : '535 5.7.8 wrong password');
      } else if (word === 'MAIL') {
        if (needsLogin && login === undefined) return say('530 5.7.0 who are you');
        if (state.refusal !== undefined) return say(state.refusal);
        mail = { from: line, to: [], data: '', isEncrypted, login };
        say('250 ok');
      } else if (word === 'RCPT') {
        mail.to.push(line);
        say('250 ok');
      } else if (word === 'DATA') {
        isData = true;
        say('354 go on');
      } else if (word === 'QUIT') {
        say('221 bye');
        socket.end();
      } else say('250 ok');
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  state.port = typeof address === 'object' && address !== null ? address.port : 0;
  atEnd(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return state;
}
