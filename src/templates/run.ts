// One rendering of a template: what it has put out, and what it may still use up. Every loop and every call spends
// from one budget, so no template runs long, whatever it does.
import { PermanentError, RequestError } from '../core/errors.ts';
import { hole } from './skeleton.ts';

/** Steps of one rendering; the shipped templates need a few hundred. */
const MAX_STEPS = 50_000;
/** Characters put out in one rendering, values not counted: a hundred tests need half of it. */
const MAX_TEXT = 256 * 1024;
/** Characters that helpers make. */
const MAX_MADE = 8 * 1024 * 1024;
/** Templates inside templates. */
const MAX_DEPTH = 20;

/** Where in a template something stands. Line and column count from 1. */
export interface Spot {
  file: string;
  line: number;
  column: number;
}

export class Run {
  text = '';
  readonly values: unknown[] = [];
  readonly root: unknown;
  private steps = 0;
  private made = 0;
  private depth = 0;

  constructor(root: unknown) {
    this.root = root;
  }

  write(text: string): void {
    this.text += text;
    if (this.text.length > MAX_TEXT) throw new PermanentError('too_long', 'it puts out too much text');
  }

  /** Puts out a value: a hole in the text, and the value for it. */
  emit(value: unknown): void {
    if (value === undefined || value === null) throw new Error('there is no value');
    this.write(hole(this.values.length));
    this.values.push(value);
  }

  /** Counts a step, and a text that was made in it. */
  spend(made: unknown): void {
    this.steps++;
    if (typeof made === 'string') this.made += made.length;
    if (this.steps > MAX_STEPS) throw new PermanentError('too_complex', 'it runs too long; does it loop?');
    if (this.made > MAX_MADE) throw new PermanentError('too_long', 'its helpers make too much text');
  }

  nested(work: () => void): void {
    if (this.depth >= MAX_DEPTH) {
      throw new PermanentError('too_deep', 'templates are nested too deep; does one include itself?');
    }
    this.depth++;
    try {
      work();
    } finally {
      this.depth--;
    }
  }
}

/** A template that failed while it was rendered, and where. */
export class TemplateError extends RequestError {
  readonly spot: Spot;
  /** What failed and why, without the place. */
  readonly what: string;

  constructor(spot: Spot, what: string, cause: unknown) {
    super('template', `${spot.file}:${spot.line}:${spot.column}: ${what}`, { cause });
    this.spot = spot;
    this.what = what;
  }
}

/** Does `work`; what it throws becomes TemplateError. A refusal by the template stays itself. */
export function located<T>(spot: Spot, what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RequestError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new TemplateError(spot, `${what}: ${message}`, error);
  }
}
