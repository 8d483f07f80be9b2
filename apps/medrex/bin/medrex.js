#!/usr/bin/env node
// The command line as npm installs it. What it runs is built from src/ by `npm run build` (npm start and npm test do it).
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/main.js', import.meta.url);
if (!existsSync(fileURLToPath(main))) {
  console.error('medrex is not built yet: run `npm run build` in the repository first (npm start does it too).');
  process.exit(1);
}
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 9)) {
  console.error(
    `medrex needs Node 24.9 or newer and runs under ${process.versions.node}: use npm start, npx medrex or npm run medrex in the repository.`,
  );
  process.exit(1);
}
await import(main.href);
