// What is not built into dist/: it is needed next to it, or not at all.

/** Modules that the program loads from their own packages: koffi finds its compiled file there. */
export const LOADED = ['koffi'];

/**
 * What fastify needs for JSON schemas of routes and for requests of tests, of which we have none: half a megabyte of code that every
 * start of the daemon would read.
 */
export const NEVER_USED = [
  '@fastify/ajv-compiler',
  '@fastify/fast-json-stringify-compiler',
  'light-my-request',
];

/** Packages of npm (or their scope) that must be installed: those, koffi's compiled file, and what browsers are given as it is. */
export const APART = [...LOADED, '@koromix', 'idiomorph', 'uplot'];

/** Node itself. */
export const NODE = 'node-linux-';
