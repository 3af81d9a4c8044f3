// What of a kernel message is the same on every board and in every run.

/** Text without addresses, offsets into functions, numbers of processes and CPUs, amounts. Source lines stay. */
export function stable(text: string): string {
  return text
    .replaceAll(/\+0x[\da-f]+\/0x[\da-f]+/g, '')
    .replaceAll(/\b0x[\da-f]+\b/g, 'X')
    .replaceAll(/\b(?=[a-f]*\d)[\da-f]{8,16}\b/g, 'X')
    .replaceAll(/(?<![\w.:/])\d+\b/g, 'N')
    .replaceAll(/\b(pfn|pid|cpu)([:=#]?) ?[\da-f]+\b/gi, '$1$2N')
    .trim();
}

/** The name of a task without the numbers in it: `kworker/N:N`. */
export function taskName(name: string): string {
  return name.replaceAll(/\d+/g, 'N');
}

/** The name of a function without what compilers add to it (`foo.isra.0`), and without an offset. */
export function functionName(name: string | undefined): string | undefined {
  return name?.replace(/(?:\.(?:constprop|isra|part|cold|llvm)\b|\+0x).*$/, '');
}
