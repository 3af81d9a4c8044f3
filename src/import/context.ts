// What the parts of an import of KernelCI's configuration share.
import type { Source } from './source.ts';
import type { Ledger } from './ledger.ts';

export interface Importing {
  source: Source;
  ledger: Ledger;
  /** What our own templates can do: the names in job-templates/boot/ and job-templates/test/. */
  templates: { boot: ReadonlySet<string>; test: ReadonlySet<string> };
}

/** Why something made for one machine, with a password in its template, is not taken over. */
export const ONE_MACHINE = "made for one machine, and its template holds that machine's password: refused";
