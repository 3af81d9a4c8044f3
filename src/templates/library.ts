// All job templates, read once: the shipped ones, and the admin's in place of those of the same name.
import { readFile } from 'node:fs/promises';
import { ConfigError, errorText, type Problem } from '../core/errors.ts';
import { createKept } from '../core/kept.ts';
import { overlayFiles, type OverlayDirs } from '../core/overlay.ts';
import { compileTemplate, type Template } from './language.ts';
import { located, Run } from './run.ts';
import { parseSkeleton, type Fill } from './skeleton.ts';

const EXTENSION = '.yaml.hbs';

export interface Library {
  /** Whether there is a template of that name (`boot/qemu`). */
  has(name: string): boolean;
  /** The templates that this one includes, those that they include, and itself; empty if it is not there. */
  reachable(name: string): Template[];
  /** The names of the templates in a folder (`test`), without it, sorted; of all folders for an empty text. */
  namesIn(folder: string): string[];
  /**
   * Renders a template with `root` as its variables; the result is plain data. Throws RequestError: `template`
   * (located), or whatever the template refuses with.
   */
  render(name: string, root: object): unknown;
}

/** Texts (after rendering, without the values) that are kept parsed, and the longest that is. */
const KEPT = 500;
const KEPT_LENGTH = 256 * 1024;

/**
 * Reads and compiles all templates. `variables` are the names that a job template starts with; templates may also read
 * what others give them by name. Throws ConfigError with the faults of all files, each at file:line:column. If all are shipped,
 * they are compiled when the first is asked for: that takes a third of a daemon's start, and an idle one needs none.
 */
export async function loadLibrary(dirs: OverlayDirs, variables: ReadonlySet<string>): Promise<Library> {
  const found = await overlayFiles(dirs, EXTENSION);
  const files: File[] = [];
  for (const { name, path: file } of found)
    files.push({ name: name.slice(0, -EXTENSION.length), file, text: await readText(file) });
  const library = (): Library =>
    kept.get(JSON.stringify([dirs, ...variables]), JSON.stringify(files), () => compile(files, variables));
  return found.some(({ own }) => own) ? library() : whenAsked(library);
}

function whenAsked(make: () => Library): Library {
  let made: Library | undefined;
  const library = (): Library => (made ??= make());
  return {
    has: (name) => library().has(name),
    reachable: (name) => library().reachable(name),
    namesIn: (folder) => library().namesIn(folder),
    render: (name, root) => library().render(name, root),
  };
}

interface File {
  name: string;
  file: string;
  text: string;
}

/** Most are read again without a change: when others are, or the configuration. */
const kept = createKept<Library>(4);

function compile(files: readonly File[], variables: ReadonlySet<string>): Library {
  const templates = new Map<string, Template>();
  const problems: Problem[] = [];
  for (const { name, file, text } of files) {
    const compiled = compileTemplate(name, file, text, (wanted) => templates.get(wanted));
    problems.push(...compiled.problems);
    if (compiled.template) templates.set(name, compiled.template);
  }
  problems.push(...unknownVariables([...templates.values()], variables));
  problems.push(...missingTemplates(templates));
  if (problems.length > 0) throw new ConfigError(problems);
  const shapes = new Map<string, Fill>();
  return {
    has: (name) => templates.has(name),
    reachable: (name) => reachable(templates, name),
    namesIn: (folder) =>
      [...templates.keys()]
        .filter((name) => folder === '' || name.startsWith(`${folder}/`))
        .map((name) => (folder === '' ? name : name.slice(folder.length + 1)))
        .toSorted(),
    render: (name, root) => {
      const template = templates.get(name);
      if (template === undefined) throw new Error(`no template ${name}`);
      const run = new Run(root);
      template.write(root, run);
      return located({ file: template.file, line: 1, column: 1 }, name, () =>
        shapeOf(shapes, run.text)(run.values),
      );
    },
  };
}

function reachable(templates: ReadonlyMap<string, Template>, start: string): Template[] {
  const found = new Map<string, Template>();
  const open = [start];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const template = templates.get(name);
    if (template === undefined || found.has(name)) continue;
    found.set(name, template);
    open.push(...template.includes.keys());
  }
  return [...found.values()];
}

function missingTemplates(templates: ReadonlyMap<string, Template>): Problem[] {
  return [...templates.values()].flatMap((template) =>
    [...template.includes]
      .filter(([name]) => !templates.has(name))
      .map(([name, spot]): Problem => ({
        code: 'unknown_reference',
        ...spot,
        message: `there is no template ${name}`,
      })),
  );
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigError([{ code: 'unreadable', file, message: `cannot be read: ${errorText(error)}` }]);
  }
}

/** Templates in other folders are there to be included: what they are given, those that include them say. */
const ENTRY = /^((boot|test)\/)?[^/]*$/;

function unknownVariables(templates: readonly Template[], variables: ReadonlySet<string>): Problem[] {
  const known = new Set([...variables, ...templates.flatMap((t) => [...t.given])]);
  return templates
    .filter((template) => ENTRY.test(template.name))
    .flatMap((template) =>
      [...template.outer]
        .filter(([name]) => !known.has(name))
        .map(([name, spot]): Problem => ({
          code: 'unknown_reference',
          ...spot,
          message: `there is no variable ${name} (docs/templates.md lists them)`,
        })),
    );
}

function shapeOf(kept: Map<string, Fill>, text: string): Fill {
  const known = kept.get(text);
  if (known !== undefined) return known;
  const fill = parseSkeleton(text);
  if (text.length <= KEPT_LENGTH) {
    const oldest = kept.size >= KEPT ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
    kept.set(text, fill);
  }
  return fill;
}
