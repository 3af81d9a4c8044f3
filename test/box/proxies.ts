// docs/proxy.md: its configurations of nginx and Caddy before the daemon, on ports that are free here.
import { freePort } from '../../src/sim/free-port.ts';
import type { Chapter } from './chapters.ts';
import { fileIn } from './documents.ts';
import { inBox } from './machine.ts';
import { check, expect } from './report.ts';
import { runPage } from './run-page.ts';
import { changeConfiguration, writeInBox, type World } from './world.ts';

/** The page, in the parts that belong to each proxy; what is at its end is run with the last one. */
export const PROXIES: readonly Chapter[] = [
  {
    page: 'docs/proxy.md',
    only: /nginx/,
    before: [
      // Nothing starts by itself: its port 80 may be another one's here.
      [
        /^apt-get/,
        () => "printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d",
      ],
      [
        /^ln/,
        () =>
          'rm /etc/nginx/sites-enabled/default; cp /root/kept/nginx /etc/nginx/sites-available/lava-bridge',
      ],
    ],
  },
  {
    page: 'docs/proxy.md',
    only: /caddy|^curl|^lava-bridge/,
    before: [
      [
        /^caddy validate/,
        () => 'cp /root/kept/Caddyfile /etc/caddy/Caddyfile; chgrp caddy /etc/ssl/private/bridge.example.key',
      ],
    ],
  },
];

/** Everything goes through each of them. */
export async function proxies(world: World): Promise<void> {
  const ports = { nginx: await freePort(), caddy: await freePort() };
  const { callbacks, api, pages } = world.ports;
  const here = (text: string, port: number): string =>
    text
      .replace('listen 443', `listen 127.0.0.1:${port}`)
      .replace('bridge.example {', `bridge.example:${port} {`)
      .replaceAll(':8480', `:${callbacks}`)
      .replaceAll(':8481', `:${api}`)
      .replaceAll(':8482', `:${pages}`);
  // Caddy would take port 80 to lead people to https.
  const caddy = `{\n\tauto_https disable_redirects\n}\n${here(fileIn('docs/proxy.md', 'reverse_proxy'), ports.caddy)}`;
  await writeInBox('kept/nginx', here(fileIn('docs/proxy.md', 'ssl_certificate'), ports.nginx));
  await writeInBox('kept/Caddyfile', caddy);
  await inBox(`openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=bridge.example -addext subjectAltName=DNS:bridge.example \
-keyout /etc/ssl/private/bridge.example.key -out /etc/ssl/bridge.example.pem 2> /dev/null
chmod 640 /etc/ssl/private/bridge.example.key; chmod 711 /etc/ssl/private; cp /etc/ssl/bridge.example.pem /usr/local/share/ca-certificates/bridge.example.crt; update-ca-certificates > /dev/null
echo '127.0.0.1 bridge.example' >> /etc/hosts; head -c 20000000 /dev/zero > kept/large`);
  const [first, second] = PROXIES;
  if (first === undefined || second === undefined) return;
  const before = 'kept/before-proxy.yaml';
  await changeConfiguration(() => undefined, before);
  await proxied('nginx', ports.nginx, first, world);
  await proxied('caddy', ports.caddy, second, world);
  await inBox(
    `cp ${before} /etc/lava-bridge/lava-bridge.yaml; rm /usr/sbin/policy-rc.d /etc/nginx/sites-*/lava-bridge; systemctl disable --now nginx caddy; systemctl restart lava-bridge`,
  );
}

async function proxied(name: string, port: number, chapter: Chapter, world: World): Promise<void> {
  const url = `https://bridge.example:${port}`;
  await changeConfiguration((config) => {
    Object.assign(config.http ?? {}, { public_url: url, proxies: ['loopback'], reading: 'token' });
  });
  await inBox(`systemctl restart lava-bridge; echo ${url} > /root/.public`);
  await runPage(chapter, world);
  await check(`${name} lets callbacks, API and pages through, and the pages' socket`, () =>
    through(url, world),
  );
  await check(
    `with ${name} between, a job goes its way, and a callback waits for a daemon that is away`,
    async () => {
      const ended = await world.allPass([world.publish()]);
      await inBox('systemctl stop lava-bridge');
      expect((await status(`${callback(url, world)} -d '{}'`)) < 500, 'the callback was not answered');
      return ended;
    },
  );
}

const callback = (url: string, { callback: { token } }: World): string =>
  `-H 'Authorization: ${token}' ${url}/callback/lava-mylab/0123`;

async function status(args: string): Promise<number> {
  return Number(await inBox(`curl -s -m 60 -o /dev/null -w '%{http_code}' ${args} || :`));
}

async function through(url: string, world: World): Promise<string> {
  const bearer = `-H "Authorization: Bearer $(cat /etc/lava-bridge/secrets/http-token)"`;
  const upgrade = `--http1.1 -m 2 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='`;
  const wanted: [what: string, args: string, status: number][] = [
    ['a callback for no job', `${callback(url, world)} -d '{}'`, 404],
    ['a large one', `${callback(url, world)} --data-binary @kept/large`, 404],
    ['one without the token', `${url}/callback/lava-mylab/0123 -d '{}'`, 401],
    ['the API', `${bearer} ${url}/api/v1/labs`, 200],
    ['the API without a token', `${url}/api/v1/labs`, 401],
    ['metrics', `${bearer} ${url}/metrics`, 200],
    ['the pages', `${bearer} ${url}/`, 200],
    ['the pages without a token', `-H 'Accept: text/html' ${url}/`, 303],
    ['the socket', `${upgrade} ${bearer} -H 'Origin: ${url}' ${url}/ws`, 101],
    ['the socket for another site', `${upgrade} ${bearer} -H 'Origin: https://else.example' ${url}/ws`, 403],
  ];
  const found = await Promise.all(
    wanted.map(async ([what, args, code]) => ({ what, code, is: await status(args) })),
  );
  const wrong = found.filter(({ code, is }) => code !== is);
  expect(wrong.length === 0, JSON.stringify(wrong));
  return `${found.length} kinds of requests`;
}
