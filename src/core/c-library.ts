// The machine's C library, for the few of its functions that Node does not have.
import type { LibraryHandle } from 'koffi';

/** Loads it through koffi, which is loaded when this is first called. Throws what stands in the way. */
export async function loadCLibrary(): Promise<{ libc: LibraryHandle; errno: () => number }> {
  const { default: koffi } = await import('koffi');
  return { libc: koffi.load('libc.so.6'), errno: () => koffi.errno() };
}
