#!/usr/bin/env node
// The launcher. Any Node from 18 on can start it; it goes on with the Node that the project brings, because the
// daemon needs node:sqlite. Kept in plain old syntax, so that an old Node gets as far as a clear message.
import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

var root = dirname(dirname(fileURLToPath(import.meta.url)));
var main = join(root, 'dist', 'cli', 'main.js');
var own = join(root, 'node_modules', '.bin', 'node');

function isNewEnough(version) {
  return Number(version.split('.')[0]) >= 24;
}

if (!existsSync(main)) {
  process.stderr.write(
    'lava-bridge: ' + main + ' is missing; run "npm ci" (or "npm run build") in ' + root + '\n',
  );
  process.exit(69);
} else if (isNewEnough(process.versions.node)) {
  // What V8 made of our code is kept next to it, if that may be written: a command then starts in two thirds of the time.
  nodeModule.enableCompileCache(join(root, 'node_modules', '.cache', 'lava-bridge'));
  await import(pathToFileURL(main).href);
} else if (!existsSync(own)) {
  process.stderr.write(
    'lava-bridge: Node 24 or newer is needed, this is ' +
      process.versions.node +
      ', and the project\'s own is missing; run "npm ci" in ' +
      root +
      '\n',
  );
  process.exit(69);
} else {
  // Loaded here alone: it takes a tenth of the time of a small command.
  var child = (await import('node:child_process')).spawn(own, [main].concat(process.argv.slice(2)), {
    stdio: 'inherit',
  });
  ['SIGTERM', 'SIGINT', 'SIGHUP'].forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal);
    });
  });
  child.on('error', function (error) {
    process.stderr.write('lava-bridge: cannot start ' + own + ': ' + error.message + '\n');
    process.exit(69);
  });
  child.on('exit', function (code, signal) {
    if (signal) process.kill(process.pid, signal);
    else process.exit(code === null ? 1 : code);
  });
}
