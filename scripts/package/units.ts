// The units of an instance per lab, lava-bridge@LAB.service and .socket: the plain ones with other names.

/** `lava-bridge@LAB` reads /etc/lava-bridge/LAB.yaml, keeps its state in /var/lib/lava-bridge-LAB, and has a socket of its own. */
export function instanceUnit(plain: string): string {
  return (
    plain
      .replaceAll('/etc/lava-bridge/lava-bridge.yaml', '/etc/lava-bridge/%i.yaml')
      .replaceAll('/var/lib/lava-bridge', '/var/lib/lava-bridge-%i')
      .replaceAll(/^(User|StateDirectory|CacheDirectory)=lava-bridge$/gm, '$1=lava-bridge-%i')
      .replaceAll('lava-bridge.socket', 'lava-bridge@%i.socket')
      .replace(/^Description=lava-bridge:/m, 'Description=lava-bridge %i:')
      .replace(/^(#.*) `?systemctl edit lava-bridge\b/m, '$1 systemctl edit lava-bridge@LAB')
      // Which port is whose stands in no table: each socket gets its own by a drop-in.
      .replace(
        /^ListenStream=.*\n/m,
        '# ListenStream= comes from a drop-in: the http.listen of this configuration.\n',
      )
  );
}
