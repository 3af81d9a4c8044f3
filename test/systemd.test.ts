import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createNotifier } from '../src/systemd.ts';
import { receiveDatagrams } from './support/datagrams.ts';
import { until } from './support/wait.ts';

const silent = pino({ level: 'silent' });

it('systemd hears of ready, of each sign of life, of a reload, and of the stop, from the daemon itself', async () => {
  const systemd = await receiveDatagrams();
  const notifier = await createNotifier(silent, { NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: '30000' });
  notifier.ready(() => true);
  await until('two signs of life', () =>
    systemd.received().filter((bytes) => bytes.toString() === 'WATCHDOG=1').length >= 2 ? true : undefined,
  );
  notifier.reloading();
  await systemd.withText('RELOADING=1\nMONOTONIC_USEC=');
  notifier.reloaded();
  notifier.stopping();
  await systemd.withText('STOPPING=1');
  expect(systemd.received().filter((bytes) => bytes.includes('READY=1'))).toHaveLength(2);
  expect(systemd.received()[0]?.toString()).toBe('READY=1\nSTATUS=running');
});

it('a daemon that does not move gives no sign of life', async () => {
  const systemd = await receiveDatagrams();
  const notifier = await createNotifier(silent, { NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: '30000' });
  let looks = 0;
  notifier.ready(() => (looks += 1) > 1_000_000);
  await until('three looks', () => (looks >= 3 ? true : undefined));
  notifier.stopping();
  await systemd.withText('STOPPING=1');
  expect(systemd.received().map(String)).not.toContain('WATCHDOG=1');
});

it('a socket of systemd that is no address of one is an error with its code', async () => {
  await expect(createNotifier(silent, { NOTIFY_SOCKET: 'vsock:2:1' })).rejects.toMatchObject({
    code: 'local_socket',
  });
});

it('a systemd that does not listen stops nothing', async () => {
  const notifier = await createNotifier(silent, { NOTIFY_SOCKET: '/nowhere/notify' });
  notifier.ready(() => true);
  notifier.stopping();
});

it('nothing is sent where nothing is to be notified', async () => {
  const notifier = await createNotifier(silent, {});
  notifier.ready(() => true);
  notifier.stopping();
});
