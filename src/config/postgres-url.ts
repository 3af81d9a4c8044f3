// The address of a PostgreSQL database, as the configuration takes it.

/** What one looks like, for people. */
export const POSTGRES_URL = 'postgres://USER:PASSWORD@HOST/DATABASE';

/** Whether a text is such an address; its parts may be missing, as libpq allows it. */
export function isPostgresUrl(text: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text);
}

/** The password in an address; undefined: there is none. */
export function passwordIn(url: string): string | undefined {
  if (!isPostgresUrl(url)) return undefined;
  const { password, searchParams } = new URL(url);
  const found = password === '' ? searchParams.get('password') : password;
  return found === null || found === '' ? undefined : found;
}
