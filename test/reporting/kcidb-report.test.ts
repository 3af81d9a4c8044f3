import { describe, expect, it } from 'vitest';
import { buildId, checkoutId, incidentId, issueId, testId } from '../../src/kcidb/ids.ts';
import { buildReport, type ReportContext } from '../../src/reporting/kcidb-report.ts';
import { validateReport, type KcidbReport } from '../../src/kcidb/schema.ts';
import { cleanExcerpt, cleanMisc, cleanUri } from '../../src/kcidb/text.ts';
import type { Verdict } from '../../src/verdict/model.ts';
import {
  BOOT,
  consoleOf,
  definition,
  jobError,
  jobPassed,
  judged,
  lavaCase,
  lavaJob,
  login,
  PANIC,
  stage,
  START,
} from '../verdict/evidence.ts';

const CONTEXT: ReportContext = {
  origin: 'mylab',
  lab: 'lava-mylab',
  key: '42',
  build: { kind: 'maestro', nodeId: '66c0ffee0000000000000002' },
  lavaUrl: 'https://lava.example/prefix/',
  lavaId: 42,
  device: 'rack-3',
  platform: 'bcm2711-rpi-4-b',
  compatible: ['raspberrypi,4-model-b', 'brcm,bcm2711'],
  arch: 'arm64',
  compiler: 'gcc-14',
  kernelType: 'image',
  configName: 'defconfig',
  node: { id: '66c0ffee0000000000000003', name: 'baseline-arm64', retryCounter: 2 },
  startedAt: START,
  logUrl: 'https://files.example/log.txt',
  outputFiles: [{ name: 'a/full log.yaml', url: 'https://files.example/full log.yaml' }],
  attempts: [{ lavaId: 41, device: 'rack-2', outcome: 'Infrastructure: Connection closed' }],
};

function complete(...cases: ReturnType<typeof lavaCase>[]): Verdict {
  const lava = lavaJob('Complete', [login(), ...cases, stage('0_smoke'), jobPassed()], {
    definition: definition(['smoke']),
  });
  return judged({ lava });
}

const panicked = (): Verdict =>
  judged({
    lava: lavaJob('Incomplete', [login('fail'), jobError('Infrastructure', 'Connection closed')]),
    console: consoleOf([...BOOT, PANIC]),
  });

/** The report as it goes over the wire, every object of it valid. */
function sent(verdict: Verdict, context: ReportContext = CONTEXT): KcidbReport {
  const { report, rejected } = validateReport(JSON.parse(JSON.stringify(buildReport(verdict, context))));
  expect(rejected).toEqual([]);
  return report;
}

describe('a report', () => {
  it('has what the dashboard needs of a test', () => {
    const [boot] = sent(complete(lavaCase('0_smoke', 'a'))).tests ?? [];

    expect(boot).toEqual({
      id: 'mylab:lava-mylab-42-boot',
      build_id: 'maestro:66c0ffee0000000000000002',
      origin: 'mylab',
      comment: 'baseline-arm64 on bcm2711-rpi-4-b in lava-mylab',
      environment: {
        compatible: ['raspberrypi,4-model-b', 'brcm,bcm2711'],
        comment: 'Runtime: lava-mylab',
        misc: {
          platform: 'bcm2711-rpi-4-b',
          job_id: '42',
          job_url: 'https://lava.example/prefix/scheduler/job/42',
          device: 'rack-3',
        },
      },
      log_url: 'https://files.example/log.txt',
      path: 'boot',
      status: 'PASS',
      start_time: '2026-11-21T12:00:00.000Z',
      output_files: [{ name: 'a_full log.yaml', url: 'https://files.example/full%20log.yaml' }],
      misc: {
        runtime: 'lava-mylab',
        lab: 'lava-mylab',
        arch: 'arm64',
        compiler: 'gcc-14',
        kernel_type: 'image',
        config_name: 'defconfig',
        maestro_viewer: 'https://api.kernelci.org/viewer?node_id=66c0ffee0000000000000003',
        retry_counter: 2,
        verdict_rule: 'complete',
        reached: 'end',
        attempts: [{ job_id: '41', device: 'rack-2', outcome: 'Infrastructure: Connection closed' }],
      },
    });
  });

  it('has a test for each leaf, with number and own misc', () => {
    const { tests } = sent(
      complete(
        lavaCase('0_smoke', 'speed.max', 'pass', { measurement: 0.1, unit: 's' }),
        lavaCase('0_smoke', 'odd', 'unknown'),
      ),
    );

    expect(
      tests?.map((t) => [t.path, t.status, t.number, t.misc?.['lava_result'] ?? t.misc?.['lava_name']]),
    ).toEqual([
      ['boot', 'PASS', undefined, undefined],
      ['smoke', 'ERROR', undefined, undefined],
      ['smoke.speed_max', 'PASS', { value: 0.1, unit: 's' }, 'speed.max'],
      ['smoke.odd', 'ERROR', undefined, 'unknown'],
    ]);
  });

  it('names the case in a leaf’s comment, as LAVA calls it', () => {
    const { tests } = sent(complete(lavaCase('0_smoke', 'speed.max')));

    expect(tests?.map(({ comment }) => comment)).toEqual([
      'baseline-arm64 on bcm2711-rpi-4-b in lava-mylab',
      'baseline-arm64 on bcm2711-rpi-4-b in lava-mylab',
      'speed.max: baseline-arm64 on bcm2711-rpi-4-b in lava-mylab',
    ]);
  });

  it('is the same on every resend, and another for another run', () => {
    const verdict = panicked();

    expect(sent(verdict)).toEqual(sent(panicked()));
    const ids = (report: KcidbReport): (string | undefined)[] => [
      ...(report.tests ?? []).map((t) => t.id),
      ...(report.incidents ?? []).map((i) => i.id),
    ];
    const again = ids(sent(verdict, { ...CONTEXT, key: '43' }));
    expect(ids(sent(verdict)).filter((id) => again.includes(id))).toEqual([]);
    expect(sent(verdict, { ...CONTEXT, key: '43' }).issues).toEqual(sent(verdict).issues);
  });

  it('ties a kernel’s issue to the test, written as Maestro writes it', () => {
    const { issues, incidents } = sent(panicked());

    expect(issues).toMatchObject([
      {
        version: 1,
        origin: 'mylab',
        culprit: { code: true, tool: false, harness: false },
        comment:
          'VFS: Unable to mount root fs on unknown-block(0,0) [logspec:generic_linux_boot,linux.kernel.panic]',
        misc: {
          logspec: {
            version: '1.0.0',
            parser: 'generic_linux_boot',
            error: {
              error_type: 'linux.kernel.panic',
              error_summary: 'VFS: Unable to mount root fs on unknown-block(0,0)',
              signature_fields: {
                error_type: 'linux.kernel.panic',
                error_summary: 'VFS: Unable to mount root fs on unknown-block(0,0)',
              },
            },
          },
        },
      },
    ]);
    const [issue] = issues ?? [];
    expect(issue?.id).toMatch(/^mylab:[0-9a-f]{40}$/);
    expect(incidents).toEqual([
      {
        id: incidentId('mylab', 'mylab:lava-mylab-42-boot', issue?.id ?? ''),
        origin: 'mylab',
        issue_id: issue?.id,
        issue_version: 1,
        test_id: 'mylab:lava-mylab-42-boot',
        present: true,
        comment: 'test incident, automatically generated',
      },
    ]);
  });

  it('says in its id that no rule of Maestro knows a kernel’s end', () => {
    const lava = lavaJob('Incomplete', [login('fail'), jobError('Infrastructure')]);
    const console = consoleOf([...BOOT, '[    2.000000] Bad mode in FIQ handler detected']);

    const [issue] = sent(judged({ lava, console })).issues ?? [];

    expect(issue?.id).toMatch(/^mylab:own-[0-9a-f]{40}$/);
    expect(issue?.culprit).toEqual({ code: true, tool: false, harness: false });
  });

  it('leaves the culprit out where it is not known', () => {
    const lava = lavaJob('Incomplete', [lavaCase('lava', 'kernel-messages'), login('fail'), jobError('Job')]);

    const [issue] = sent(judged({ lava })).issues ?? [];

    expect(issue).toBeDefined();
    expect(issue).not.toHaveProperty('culprit');
  });

  it('shows the crash, not the end of the log', () => {
    const lines = [...BOOT, PANIC, ...Array.from({ length: 3000 }, (_, i) => `[    3.${i}] after ${i}`)];
    const lava = lavaJob('Incomplete', [jobError('Infrastructure')]);

    const [boot] = sent(judged({ lava, console: consoleOf(lines) })).tests ?? [];

    expect(boot?.log_excerpt).toContain('Kernel panic');
    expect(boot?.log_excerpt).not.toContain('after 2999');
  });

  it('shows what LAVA says where LAVA failed', () => {
    const lava = lavaJob('Incomplete', [jobError('Infrastructure', 'no power')]);

    const [boot] =
      sent(judged({ lava, console: consoleOf(['error: InfrastructureError: no power']) })).tests ?? [];

    expect(boot?.log_excerpt).toBe('InfrastructureError: no power');
    expect(boot?.misc).toMatchObject({ error_code: 'Infrastructure', error_msg: 'Infrastructure: no power' });
  });

  it('does not say Infrastructure next to a kernel that failed', () => {
    const [boot] = sent(panicked()).tests ?? [];

    expect(boot?.misc).not.toHaveProperty('error_code');
    expect(boot?.misc?.['error_msg']).toMatch(/^Kernel panic/);
  });

  it('has nothing that is nothing: no null, no empty list, no NUL', () => {
    const odd = lavaCase('0_smoke', 'a\0b\ud800', 'fail', { unit: 'x\0', measurement: 1, set: '\0' });

    const text = JSON.stringify(
      sent(complete(odd), {
        ...CONTEXT,
        device: 'd\0',
        compatible: [],
        outputFiles: [],
        attempts: [],
        logUrl: 'no url',
      }),
    );

    expect(text).not.toMatch(/null|\[\]|\\u0000|\\ud800/);
    expect(text).not.toContain('"attempts"');
    expect(text).not.toContain('log_url');
  });

  it('brings checkout and build where no other system sends them', () => {
    const revision = {
      tree: 'mainline',
      url: 'https://git.example/linux.git',
      branch: 'master',
      commit: '0123456789abcdef0123456789abcdef01234567',
      describe: 'v6.18',
    };
    const build = {
      kind: 'own',
      revision,
      arch: 'arm64',
      configName: 'defconfig',
      compiler: 'gcc-14',
      startedAt: START,
    } as const;

    const { checkouts, builds, tests } = sent(complete(lavaCase('0_smoke', 'a')), { ...CONTEXT, build });

    expect(checkouts).toMatchObject([{ tree_name: 'mainline', git_commit_name: 'v6.18', patchset_hash: '' }]);
    expect(builds).toMatchObject([{ checkout_id: checkouts?.[0]?.id, architecture: 'arm64' }]);
    expect(tests?.every((t) => t.build_id === builds?.[0]?.id)).toBe(true);
  });
});

describe('ids', () => {
  it('of incidents are Maestro’s', () => {
    expect(incidentId('maestro', 'maestro:NODEID', 'maestro:af804bef95b4f8e428ac25dbc13bb14754b4460a')).toBe(
      'maestro:5949c59dd6b21126ba933b97ed0f2d097eb9d047',
    );
  });

  it('of incidents escape as Python does', () => {
    // hashlib.sha1(json.dumps([...]).encode()) of Python 3
    expect(incidentId('a', 'a:é💥"', 'b')).toBe('a:7106c2a5d5e5cf82f586268411c92cc2e3616083');
  });

  it('of tests, issues, builds and checkouts say what they are of', () => {
    expect(testId({ origin: 'mylab', lab: 'lava-mylab', key: '7' }, 'ltp.a')).toBe(
      'mylab:lava-mylab-7-ltp.a',
    );
    expect(issueId('mylab', 'abc', 'logspec')).toBe('mylab:abc');
    expect(issueId('mylab', 'abc', 'own')).toBe('mylab:own-abc');
    expect(checkoutId('o', { url: 'u', branch: 'b', commit: 'c', patchsetHash: '' })).toMatch(
      /^o:ck-[0-9a-f]{64}$/,
    );
    expect(
      buildId('o', { checkoutId: 'c', arch: 'a', configName: 'd', compiler: 'e', startTime: 'f' }),
    ).toMatch(/^o:b-[0-9a-f]{64}$/);
  });
});

describe('text', () => {
  it('is cut by whole characters', () => {
    const cut = cleanExcerpt('💥'.repeat(20_000));

    expect(cut.length).toBe(2 * 16_384);
    expect(cut.isWellFormed()).toBe(true);
  });

  it('of a console is shown as Maestro shows it', () => {
    expect(cleanExcerpt('a\0b\r\n\x1b[31mred\x07\ttab\x7f')).toBe('ab\n^[[31mred?\ttab?');
  });

  it('in misc is clean at any depth', () => {
    expect(cleanMisc({ 'k\0': ['\0', null, undefined, Number.NaN, { x: 'a\ud800' }], gone: null })).toEqual({
      k: ['', { x: 'a\ufffd' }],
    });
  });

  it.each([
    ['https://a/b c|d', 'https://a/b%20c%7Cd'],
    ['https://a/é', 'https://a/%C3%A9'],
    ['https://a/100%', 'https://a/100%25'],
    ['nonsense', undefined],
  ])('of a URL %j becomes %j', (url, clean) => {
    expect(cleanUri(url)).toBe(clean);
  });
});
