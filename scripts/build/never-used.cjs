// Stands in dist/ for what apart.ts names as never used: fastify gets something to call, and what that gives is called by nothing.
'use strict';

module.exports = function neverUsed() {
  return function () {
    throw new Error('this part of fastify is not built into lava-bridge (scripts/build/apart.ts)');
  };
};
