// Ports for what chaos starts.
export { freePort } from '../../src/demo/world.ts';
