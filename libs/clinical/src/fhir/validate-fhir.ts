import { CodedError } from '@medrex/coded-error';
import type { RefusalIssue } from '@medrex/contracts';
import { clinicalErrors } from '../errors.ts';
import { definitionOf, isElementName, type PropertyDefinition, type TypeDefinition } from './definitions.ts';
import { IssueList } from './issues.ts';

/** How deep a resource may nest; the deepest of real ones (extensions in extensions, questionnaires) stay below half of it. */
export const depthMax = 64;

type JsonRecord = Readonly<Record<string, unknown>>;

/**
 * Checks a JSON value against FHIR R4: known resource type and elements, cardinalities, choices, datatypes, codes of required bindings, targets of
 * literal references, nothing empty. All resource types are checked by their StructureDefinitions. Profiles, terminology beyond required codes
 * and most invariants are not.
 *
 * Time is linear in the size of the value, depth is bounded; a valid resource is walked once and nothing is allocated for it.
 *
 * @param root where the value stands, the beginning of every expression: `Observation`, `Bundle.entry[3].resource`. Default: its type.
 * @returns nothing for a valid resource, else what to repair.
 */
export function validateFhir(value: unknown, root?: string): readonly RefusalIssue[] {
  if (checkResource(value, '', 0, undefined)) return [];
  const issues = new IssueList();
  checkResource(value, root ?? typeNameOf(value), 0, issues);
  return issues.all();
}

/** The same for a part of a resource, by the R4 name of its type: `Bundle.entry`. */
export function validateElement(type: string, value: unknown, root: string): readonly RefusalIssue[] {
  const definition = definitionOf(type);
  if (definition === undefined) throw new CodedError(clinicalErrors.INVALID_REGISTRY, `R4 has no type ${type}`);
  if (checkComplex(definition, value, '', 0, undefined)) return [];
  const issues = new IssueList();
  checkComplex(definition, value, root, 0, issues);
  return issues.all();
}

function typeNameOf(value: unknown): string {
  const type = isRecord(value) ? value['resourceType'] : undefined;
  return typeof type === 'string' && definitionOf(type)?.isResource === true ? type : 'Resource';
}

// Each check runs twice for an invalid value: first without `issues`, when the first failure ends it and no path is built, then with them.
// `x ?? false` reads: report it when there is somebody to report to; it failed in any case.

function checkResource(value: unknown, path: string, depth: number, issues: IssueList | undefined): boolean {
  if (!isRecord(value)) return issues?.add('structure', path, 'A resource must be a JSON object.') ?? false;
  const type = value['resourceType'];
  const definition = typeof type === 'string' ? definitionOf(type) : undefined;
  if (definition?.isResource !== true) {
    return issues?.add('structure', path, 'resourceType must name a resource type of FHIR R4.') ?? false;
  }
  return checkObject(definition, value, path, depth, issues);
}

function checkObject(
  definition: TypeDefinition,
  value: JsonRecord,
  path: string,
  depth: number,
  issues: IssueList | undefined,
): boolean {
  if (depth > depthMax)
    return issues?.add('structure', path, `Nested deeper than ${depthMax} levels; flatten it.`) ?? false;
  let isValid = true;
  let count = 0;
  let choices = 0;
  for (const name in value) {
    count += 1;
    const property = definition.properties.get(name);
    if (property === undefined) {
      if (name === 'resourceType' && definition.isResource) continue;
      isValid = checkOther(definition, name, value, path, depth, issues) && isValid;
    } else {
      isValid = checkProperty(property, name, value[name], value, path, depth, issues) && isValid;
      if ((choices & property.choice) !== 0) isValid = twoChoices(property, path, issues);
      choices |= property.choice;
    }
    if (!isValid && issues === undefined) return false;
  }
  if (count === 0) return issues?.add('structure', path, 'An object must not be empty; leave it out.') ?? false;
  return (
    checkRequired(definition, value, path, issues) &&
    checkExtension(definition, value, choices !== 0, path, issues) &&
    isValid
  );
}

function twoChoices(property: PropertyDefinition, path: string, issues: IssueList | undefined): false {
  return (
    issues?.add(
      'structure',
      `${path}.${property.element}`,
      `${property.element}[x] may be given in one type only; remove the others.`,
    ) ?? false
  );
}

function checkRequired(
  definition: TypeDefinition,
  value: JsonRecord,
  path: string,
  issues: IssueList | undefined,
): boolean {
  let isValid = true;
  for (const { element, anyOf } of definition.required) {
    // A primitive may be replaced by an extension that says why it is missing: `_status`.
    if (anyOf.some((name) => value[name] !== undefined) || anyOf.some((name) => value[`_${name}`] !== undefined))
      continue;
    isValid =
      issues?.add('required', `${path}.${element}`, `${definition.name}.${element} is required; add it.`) ?? false;
    if (issues === undefined) return false;
  }
  return isValid;
}

/** Invariant ext-1: an extension has a value or extensions, not both. */
function checkExtension(
  definition: TypeDefinition,
  value: JsonRecord,
  hasChoice: boolean,
  path: string,
  issues: IssueList | undefined,
): boolean {
  if (definition.name !== 'Extension') return true;
  const hasValue = hasChoice || Object.keys(value).some((name) => name.startsWith('_value'));
  if (hasValue !== (value['extension'] !== undefined)) return true;
  return issues?.add('invariant', path, 'An extension must have either a value[x] or extensions of its own.') ?? false;
}

/** A property that is no element: the extensions of a primitive (`_birthDate`), or something that R4 does not know here. */
function checkOther(
  definition: TypeDefinition,
  name: string,
  value: JsonRecord,
  path: string,
  depth: number,
  issues: IssueList | undefined,
): boolean {
  const property = name.startsWith('_') ? definition.properties.get(name.slice(1)) : undefined;
  if (property?.primitive !== undefined) return checkPrimitiveExtension(property, value[name], path, depth, issues);
  if (issues === undefined) return false;
  const known = isElementName(name);
  const what = known ? name : `Property number ${Object.keys(value).indexOf(name) + 1}`;
  return issues.add(
    'structure',
    known ? `${path}.${name}` : path,
    `${what} is not an element of ${definition.name} in FHIR R4; remove it or send it as an extension.`,
  );
}

function checkPrimitiveExtension(
  property: PropertyDefinition,
  content: unknown,
  path: string,
  depth: number,
  issues: IssueList | undefined,
): boolean {
  const element = definitionOf('Element');
  if (element === undefined) return false;
  const at = issues && `${path}.${property.element}`;
  if (!property.isArray) return checkComplex(element, content, at ?? '', depth, issues);
  if (!Array.isArray(content) || content.length === 0)
    return issues?.add('structure', at ?? '', 'Extensions of a repeating element must be a list.') ?? false;
  let isValid = true;
  for (const [index, item] of content.entries()) {
    if (item !== null)
      isValid = checkComplex(element, item, issues ? `${at ?? ''}[${index}]` : '', depth, issues) && isValid;
  }
  return isValid;
}

function checkProperty(
  property: PropertyDefinition,
  name: string,
  content: unknown,
  parent: JsonRecord,
  path: string,
  depth: number,
  issues: IssueList | undefined,
): boolean {
  const at = issues === undefined ? '' : `${path}.${property.element}`;
  if (!property.isArray) return checkValue(property, content, at, depth, issues);
  if (!Array.isArray(content))
    return issues?.add('structure', at, `${property.element} repeats: send a JSON array.`) ?? false;
  if (content.length === 0) return issues?.add('structure', at, 'An array must not be empty; leave it out.') ?? false;
  let isValid = true;
  for (let index = 0; index < content.length; index++) {
    const item: unknown = content[index];
    if (item === null && hasExtension(parent, name, index)) continue;
    isValid = checkValue(property, item, issues === undefined ? '' : `${at}[${index}]`, depth, issues) && isValid;
    if (!isValid && issues === undefined) return false;
  }
  return isValid;
}

/** `given: [null]` is right where `_given: [{...}]` says why the value is missing. */
function hasExtension(parent: JsonRecord, name: string, index: number): boolean {
  const extensions = parent[`_${name}`];
  return Array.isArray(extensions) && isRecord(extensions[index]);
}

function checkValue(
  property: PropertyDefinition,
  value: unknown,
  path: string,
  depth: number,
  issues: IssueList | undefined,
): boolean {
  const { primitive, codes, targets } = property;
  if (primitive !== undefined) {
    if (codes !== undefined) return checkCode(codes, value, path, issues);
    return primitive.isValid(value) || (issues?.add('value', path, `${property.element} ${primitive.hint}.`) ?? false);
  }
  if (property.isAnyResource) return checkResource(value, path, depth + 1, issues);
  const definition = property.type;
  if (definition === undefined)
    return issues?.add('not-supported', path, 'This element cannot be checked; leave it out.') ?? false;
  if (!checkComplex(definition, value, path, depth, issues)) return false;
  return targets === undefined || checkTarget(targets, value as JsonRecord, path, issues);
}

function checkComplex(
  definition: TypeDefinition,
  value: unknown,
  path: string,
  depth: number,
  issues: IssueList | undefined,
): boolean {
  if (!isRecord(value))
    return issues?.add('structure', path, `Must be a JSON object of type ${definition.name}.`) ?? false;
  return checkObject(definition, value, path, depth + 1, issues);
}

function checkCode(codes: ReadonlySet<string>, value: unknown, path: string, issues: IssueList | undefined): boolean {
  if (typeof value === 'string' && codes.has(value)) return true;
  const listed = [...codes];
  const some = listed.length > 30 ? `${listed.slice(0, 30).join(', ')}, ...` : listed.join(', ');
  return issues?.add('code-invalid', path, `Must be one of: ${some}.`) ?? false;
}

/** A literal reference `Type/id` must name a type that the element allows. Other forms do not say their type. */
function checkTarget(
  targets: ReadonlySet<string>,
  value: JsonRecord,
  path: string,
  issues: IssueList | undefined,
): boolean {
  const reference = value['reference'];
  if (typeof reference !== 'string') return true;
  const first = reference.charCodeAt(0);
  if (first < 65 || first > 90) return true;
  const type = /^([A-Z][A-Za-z]+)[/?]/.exec(reference)?.[1];
  if (type === undefined || targets.has(type)) return true;
  return issues?.add('value', `${path}.reference`, `Must refer to ${[...targets].join(', ')}.`) ?? false;
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
