// Where the files that come with lava-bridge are: next to src/ and dist/.
import { fileURLToPath } from 'node:url';

/** The absolute path of a shipped folder, `device-types`. */
export function shippedFolder(name: 'device-types' | 'job-templates' | 'pages' | 'plans'): string {
  return fileURLToPath(new URL(`../../${name}`, import.meta.url));
}
