// Runs every npm script of this repository: `node tools/run.cjs <task> [arguments]`.
// It runs under Node 20 or newer, installs the dependencies if the lockfile has changed, and then runs the task under the
// right Node. So `npm start` and `npm test` work directly after `git clone`.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { createHash } = require('node:crypto');
const { spawn, spawnSync } = require('node:child_process');
const { ensureNode } = require('./node/ensure.cjs');
const { takeTurn } = require('./node/turn.cjs');

const root = path.resolve(__dirname, '..');
const bin = (name) => path.join(root, 'node_modules', name);
const quiet = ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'];
const jest = [...quiet, '--experimental-vm-modules', bin('jest/bin/jest.js')];
const tsc = [bin('typescript-native/bin/tsc'), '-b'];
const eslint = [bin('eslint/bin/eslint.js'), '--max-warnings=0'];
const prettier = [bin('prettier/bin/prettier.cjs')];

/** By task, the node command lines to run; the caller's arguments are appended to the last one. */
const tasks = {
  build: [tsc],
  typecheck: [tsc],
  start: [tsc, [...quiet, path.join(root, 'apps/medrex/bin/medrex.js'), 'start', '--demo']],
  medrex: [tsc, [...quiet, path.join(root, 'apps/medrex/bin/medrex.js')]],
  test: [tsc, [...jest]],
  'test:integration': [tsc, [...jest, '--config', path.join(root, 'jest.integration.config.js')]],
  // Nx first: it checks the tsconfig references, and computes the project graph for the import rules.
  lint: [
    [bin('nx/dist/bin/nx.js'), 'sync:check'],
    [...eslint, '.'],
  ],
  format: [[...prettier, '--write', '.']],
  'format:check': [[...prettier, '--check', '.']],
  bench: [tsc, [...quiet, path.join(root, 'bench/dist/main.js')]],
  docs: [tsc, [...quiet, path.join(root, 'tools/docs/dist/main.js')]],
  record: [tsc, [...quiet, path.join(root, 'test/dist/differential/record.js')]],
  stack: [tsc, [...quiet, path.join(root, 'tools/stack/dist/main.js')]],
};

function fail(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}

/** Installs once per lockfile: the stamp holds the hash of the lockfile of the installed node_modules. */
function install() {
  const stamp = path.join(root, 'node_modules', '.medrex-lock');
  const lock = createHash('sha256')
    .update(fs.readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  const made = fs.existsSync(stamp) ? fs.readFileSync(stamp, 'utf8') : '';
  if (made === lock) return;
  console.log('Setting up: installing dependencies (once, one to two minutes) ...');
  const run = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: 'inherit' });
  if (run.status !== 0) fail('npm ci failed; see the output above.');
  fs.writeFileSync(stamp, lock);
}

function runTask(name, args) {
  const steps = tasks[name];
  if (!steps) fail(`There is no task "${name}". Tasks: ${Object.keys(tasks).join(', ')}.`);
  // A second script must not install or build at the same time.
  const giveBack = takeTurn(path.join(root, '.setting-up'), (pid) =>
    console.log(`Process ${pid} is setting up this repository; waiting for it ...`),
  );
  install();
  let node;
  try {
    node = ensureNode().node;
  } catch (error) {
    fail(error.message);
  }
  if (node === 'node') node = spawnSync('which', ['node'], { encoding: 'utf8' }).stdout.trim() || 'node';
  const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` };
  for (const step of steps.slice(0, -1)) {
    const run = spawnSync(node, step, { cwd: root, stdio: 'inherit', env });
    if (run.status !== 0) process.exit(run.status ?? 1);
  }
  giveBack();
  const child = spawn(node, [...steps.at(-1), ...args], { cwd: root, stdio: 'inherit', env });
  // The terminal sends Ctrl-C to the child too. Other signals are forwarded to it, and we end like it.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

runTask(process.argv[2], process.argv.slice(3));
