// The address of a PostgreSQL database, as the configuration takes it.

/** What one looks like, for people. */
export const POSTGRES_URL = 'postgres://USER:PASSWORD@HOST/DATABASE';

/** What the driver makes of `sslmode`. Those that stand for another are so called for libpq, where they check less. */
const TLS_MODES: Readonly<Record<string, string>> = {
  disable: 'disable',
  prefer: 'verify-full',
  require: 'verify-full',
  'verify-ca': 'verify-full',
  'verify-full': 'verify-full',
  'no-verify': 'no-verify',
};

/** Its authority alone: an address by a socket may have none, or none but a user. */
const FORM = /^(postgres(?:ql)?:\/\/)([^/?#]*)(.*)$/s;

/** A text as an address; the name of its host is empty where there is none. */
function parsed(text: string): URL | undefined {
  const [, scheme, authority = '', rest] = FORM.exec(text) ?? [];
  if (scheme === undefined) return undefined;
  // A user without a host is none to the standard, but how libpq writes an address by a socket.
  const url = `${scheme}${authority.endsWith('@') ? `${authority}${SOCKET}` : authority}${rest}`;
  return URL.canParse(url) ? new URL(url) : undefined;
}

/** Stands for the host that an address by a socket does not name. */
const SOCKET = 'socket.invalid';

/**
 * What keeps a text from being the address of a database, in words that show nothing of it; undefined: nothing. Parts may be missing,
 * as libpq allows it.
 */
export function postgresUrlFault(text: string): string | undefined {
  const [, , authority = '', rest = ''] = FORM.exec(text) ?? [];
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  const url = parsed(text);
  if (`${host}${url?.searchParams.get('host') ?? ''}`.includes(','))
    return 'names several hosts; give one name that leads to the primary';
  // What follows a sign that ends the authority would be the rest of a password.
  if (url === undefined || /[@#]/.test(rest) || !isEncoded(text, url))
    return `is no address of a database (${POSTGRES_URL}); in user and password, write each / ? # @ : % and space as %2F %3F %23 %40 %3A %25 %20`;
  const mode = url.searchParams.get('sslmode');
  if (mode !== null && TLS_MODES[mode] === undefined)
    return 'has an sslmode that is not known; use verify-full (TLS with a certificate that is checked), no-verify (TLS alone) or disable';
  return undefined;
}

function isEncoded(text: string, { username, password, hostname, pathname }: URL): boolean {
  // The driver takes all of it as it stands then.
  if (/%(?![0-9a-f]{2})/i.test(text)) return true;
  try {
    for (const part of [username, password, hostname, pathname]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

/** The password in an address; undefined: there is none. */
export function passwordIn(url: string): string | undefined {
  const { password, searchParams } = parsed(url) ?? {};
  const found = password === '' ? searchParams?.get('password') : password;
  return found === null || found === '' ? undefined : found;
}

/** The address without what is secret in it, for people. */
export function postgresName(text: string): string {
  const url = postgresUrlFault(text) === undefined ? parsed(text) : undefined;
  if (url === undefined) return 'postgres';
  url.password = '';
  url.searchParams.delete('password');
  return url.href.replace(SOCKET, '').replaceAll('%2F', '/');
}

/** The address as the driver takes it, with a mode of TLS that it takes without a warning. */
export function driverUrl(text: string): string {
  return text.replace(/(?<=[?&]sslmode=)[^&#]*/, (mode) => TLS_MODES[mode] ?? mode);
}
