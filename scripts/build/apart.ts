// What is not built into dist/, and so is needed next to it.

/** Modules that the program loads from their own packages: koffi finds its compiled file there. */
export const LOADED = ['koffi'];

/** Packages of npm (or their scope) that must be installed: those, koffi's compiled file, and what browsers are given as it is. */
export const APART = [...LOADED, '@koromix', 'idiomorph', 'uplot'];

/** Node itself. */
export const NODE = 'node-linux-';
