// `node summary.cjs <folder with the results of Jest and failed-steps>`: names the suites that were left out and the steps that
// failed, then counts. Exit code 1 when anything failed or nothing was tested.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const [folder] = process.argv.slice(2);
const failedSteps = fs.readFileSync(path.join(folder, 'failed-steps'), 'utf8').split('\n').filter(Boolean);
// The steps whose failures are counted test by test, and the file with their results.
const counted = {
  tests: 'unit.json',
  'tests on networks of their own': 'own.json',
  'tests on the real stack': 'integration.json',
};

/** @param {string} name */
function read(name) {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'));
  } catch {
    return undefined;
  }
}

let passed = 0;
let failed = 0;
for (const [step, file] of Object.entries(counted)) {
  const result = read(file);
  const failures = result === undefined ? 0 : result.numFailedTests + result.numRuntimeErrorTestSuites;
  passed += result?.numPassedTests ?? 0;
  failed += failures;
  // A step can fail with no failed test: it did not run, or ran out of time.
  if (failures === 0 && failedSteps.includes(step)) failed += 1;
  for (const title of leftOut(result)) console.log(`left out: ${title}`);
}

/** The outermost title of every suite of which nothing ran. */
function leftOut(result) {
  const titles = new Set();
  for (const suite of result?.testResults ?? [])
    for (const test of suite.assertionResults)
      if (test.status === 'pending') titles.add(test.ancestorTitles[0] ?? test.title);
  return titles;
}

for (const step of failedSteps) console.log(`failed step: ${step}`);
failed += failedSteps.filter((step) => !(step in counted)).length;
if (passed === 0) failed += 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
