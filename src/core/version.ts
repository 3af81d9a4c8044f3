// The program's own version.
import manifest from '../../package.json' with { type: 'json' };

/** As in package.json, `0.1.0`. */
export function programVersion(): string {
  return manifest.version;
}
