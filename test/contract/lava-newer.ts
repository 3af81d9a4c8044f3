// What not every LAVA has (src/lava/features.ts): each is there from its release on, and refused or without effect before.
import { expect, it } from 'vitest';
import { followLavaEvents, type LavaEvent } from '../../src/lava/events.ts';
import { readInventory } from '../../src/lava/inventory.ts';
import { createXmlRpcClient } from '../../src/lava/xmlrpc.ts';
import { newMark, type Bench } from './lava-bench.ts';

/** Defines the tests, in the describe that it is called in. */
export function describeNewer(current: () => Bench, waitMs: number): void {
  it('keeps remote artifact tokens by their names, where it has calls for them', async () => {
    const { lab, age } = current();
    const { call } = createXmlRpcClient({ ...lab, url: `${lab.url}/RPC2`, timeoutMs: 20_000 });
    const tokens = (name: string, ...params: string[]): Promise<unknown> =>
      call(`scheduler.remote_artifact_tokens.${name}`, params);
    const name = newMark();
    if (!age.artifactTokenCalls) {
      await expect(tokens('list')).rejects.toMatchObject({ faultCode: -32601 });
      return;
    }
    await tokens('add', name, 'secret');

    expect(await tokens('show', name)).toBe('secret');
    expect(await tokens('list')).toEqual(
      expect.arrayContaining([
        { name, token: 'secret' },
        { name: lab.callback.name, token: lab.callback.token },
      ]),
    );
    await expect(tokens('add', name, 'other')).rejects.toMatchObject({ faultCode: 400 });
    await tokens('delete', name);
    await expect(tokens('delete', name)).rejects.toMatchObject({ faultCode: 404 });
    await expect(tokens('show', name)).rejects.toMatchObject({
      faultCode: 404,
      faultString: `Token '${name}' was not found.`,
    });
  });

  it('refuses an unknown user of its event stream, where it knows users there', async () => {
    const { lab, age } = current();
    const outcome = await new Promise<string>((resolve) => {
      const stream = followLavaEvents({
        url: lab.eventsUrl,
        user: lab.user,
        token: 'wrong',
        onEvent: () => undefined,
        // The refusal comes after the connection: whoever is let in is pinged for a while.
        onConnected: () => setTimeout(end, 2_000, 'let in'),
        onLost: end,
        onQuiet: () => undefined,
      });
      function end(text: string): void {
        stream.stop();
        resolve(text);
      }
    });

    expect(outcome).toBe(age.eventsKnowUsers ? 'LAVA refused: Unknown user' : 'let in');
  });

  it('shows events of private jobs to their owner, and to others where it knows no users', async () => {
    const bench = current();
    const { lab, age, client } = bench;
    const seen = { own: new Set<number>(), others: new Set<number>() };
    const watch = (ids: Set<number>, who: { user?: string; token?: string }): Promise<() => void> =>
      new Promise((resolve) => {
        const stream = followLavaEvents({
          url: lab.eventsUrl,
          ...who,
          onEvent: (event: LavaEvent) => event.kind === 'job' && ids.add(event.id),
          onConnected: () => resolve(stream.stop),
          onLost: () => undefined,
          onQuiet: () => undefined,
        });
      });
    const stops = await Promise.all([
      watch(seen.own, { user: lab.user, token: lab.token }),
      watch(seen.others, {}),
    ]);
    const submit = (visibility: string): Promise<number> =>
      client.submit(bench.definition('long', newMark(), { visibility }));

    const secret = await submit('personal');
    await client.cancel(secret);
    const open = await submit('public');
    await client.cancel(open);
    await expect.poll(() => seen.own.has(open) && seen.others.has(open), { timeout: waitMs }).toBe(true);
    for (const stop of stops) stop();

    expect(seen.own.has(secret)).toBe(true);
    expect(seen.others.has(secret)).toBe(!age.eventsKnowUsers);
  });

  it('takes a job for one device by its name, where a definition may have one', async () => {
    const bench = current();
    const { client, age } = bench;
    const boards = (await readInventory(client)).boards.filter(({ type }) => type === 'qemu');
    const device = boards.at(-1)?.name ?? '';
    const named = (name: string): Promise<number> =>
      client.submit(bench.definition('long', newMark(), { device: name }));

    if (!age.choiceOfDevice) {
      await expect(named(device)).rejects.toMatchObject({
        code: 'lava_refused',
        message: expect.stringContaining("extra keys not allowed @ data['device']"),
      });
      return;
    }
    await expect(named('no-such')).rejects.toMatchObject({
      code: 'lava_refused',
      message: expect.stringContaining("Problem with submitted job data: Device 'no-such' does not exist."),
    });
    const id = await named(device);
    const { device: given } = await bench.until(id, 'Scheduled', 'Running');
    await client.cancel(id);

    expect(given).toBe(device);
    await bench.untilEnd(id);
  });

  it('finds a job by its metadata, where it keeps that', async () => {
    const bench = current();
    const { client, age } = bench;
    if (!age.callbackKnowsMetadata) return;
    const [mark, nodeId] = [newMark(), newMark()];
    const id = await client.submit(bench.definition('long', mark, { metadata: { node_id: nodeId } }));
    await client.cancel(id);

    expect(await client.findByMark(mark, { nodeId })).toEqual({
      ids: [id],
      complete: true,
      oldest: undefined,
    });
    expect(await client.findByMark(mark, { nodeId, sinceId: id })).toMatchObject({ ids: [], complete: true });
    expect(await client.findByMark(mark, { nodeId: newMark() })).toMatchObject({ ids: [], complete: true });
    expect(await client.findByMark(newMark(), { nodeId })).toMatchObject({ ids: [], complete: true });
  });
}
