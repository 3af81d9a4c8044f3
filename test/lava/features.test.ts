import { expect, it } from 'vitest';
import { callbackTrust, takesRemoteArtifactToken } from '../../src/lava/callback-trust.ts';

it('believes callbacks of a LAVA that keeps their token private, and of no other', () => {
  for (const version of [
    '2024.05',
    '2024.05.0012.g1cdb80ef8',
    '2024.5',
    '2024.12',
    '2025.01',
    '2026.07',
    'v2026.07-1',
    ' 2026.07\n',
  ])
    expect([version, callbackTrust(version)]).toEqual([version, 'evidence']);
  for (const version of [
    '2023.01',
    '2024.03',
    '2024.04.9',
    '2018.11',
    '',
    'devel',
    '9',
    '20240.5',
    '2024',
    '24.05',
    'x2026.07',
  ])
    expect([version, callbackTrust(version)]).toEqual([version, 'hint']);
});

it('knows which LAVA takes a remote artifact token for callbacks', () => {
  const takes = ['2026.06', '2026.10', '2027.01', '2026.05', '2023.01', 'devel'].filter(
    takesRemoteArtifactToken,
  );

  expect(takes).toEqual(['2026.06', '2026.10', '2027.01']);
});
