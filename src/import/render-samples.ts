// Tries out what was imported: the files are read as the bridge reads them, and every combination is rendered.
import { BridgeError, errorText } from '../core/errors.ts';
import { shippedFolder } from '../core/shipped.ts';
import { loadBoards } from '../catalog/boards.ts';
import { loadConfig } from '../config/load.ts';
import { JobRequest } from '../maestro/request.ts';
import { loadPlans } from '../catalog/plans.ts';
import { renderInput } from '../templates/input.ts';
import { createRenderer } from '../templates/renderer.ts';
import type { Sample } from './requests.ts';

/** What became of a request; `refusal` says why there is no definition. */
export interface SampleOutcome {
  id: string;
  refusal?: { code: string; message: string };
}

/**
 * Renders each request with the configuration in `file`. Device trees are taken to be where the board expects them;
 * nothing is fetched and no secret is read. Throws ConfigError if the configuration cannot be used at all.
 */
export async function renderSamples(file: string, samples: readonly Sample[]): Promise<SampleOutcome[]> {
  const config = await loadConfig(file);
  const [boards, plans, renderer] = await Promise.all([
    loadBoards({ shipped: shippedFolder('device-types'), own: config.device_types }),
    loadPlans({ shipped: shippedFolder('plans'), own: config.plans }),
    createRenderer({ shipped: shippedFolder('job-templates'), own: config.job_templates }),
  ]);
  return samples.map(({ id, node, kbuild }) => {
    try {
      const request = JobRequest.parse({ node, kbuild });
      const { runtime, platform } = request.node.data;
      const lab = config.labs.find(({ name }) => name === runtime);
      if (lab === undefined) throw new BridgeError('unknown_lab', 'the lab did not come over');
      const board = boards.get(platform ?? '', lab.name);
      const dtbs = Object.fromEntries(board.dtb.map((path) => [path, `https://files.example/${path}`]));
      renderer.render(renderInput(request, config, lab, { board, plans, dtbs }));
      return { id };
    } catch (error) {
      const code = error instanceof BridgeError ? error.code : 'internal';
      return { id, refusal: { code, message: errorText(error) } };
    }
  });
}
