// How what is built gets Node's own modules.

const IMPORT = /^import (?:([\w$]+)(?:, )?)?(?:\{([^}]*)\}|\* as ([\w$]+))? from "(node:[^"]+)";$/gm;

/**
 * Turns the imports of Node's own modules at the top of a file into calls that give the same. An import reads all that a module
 * has, and so makes Node load what it only loads when it is asked for: of node:http a second HTTP client with all its parts,
 * 13 MiB and 0.1 s.
 */
export function ownModulesOfNode(code: string): string {
  return code.replace(IMPORT, (_all, whole?: string, names?: string, space?: string, id = '') => {
    const module = `globalThis.process.getBuiltinModule(${JSON.stringify(id)})`;
    return [whole, space, names === undefined ? undefined : `{${names.replaceAll(' as ', ': ')}}`]
      .filter((taken) => taken !== undefined)
      .map((taken) => `const ${taken} = ${module};`)
      .join(' ');
  });
}
