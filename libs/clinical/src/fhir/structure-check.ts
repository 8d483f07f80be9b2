import { definitionOf, isElementName, type PropertyDefinition, type TypeDefinition } from './definitions.ts';
import type { IssueList } from './issues.ts';

/** Maximum nesting depth of a resource; real ones (extensions, questionnaires) stay below half of it. */
export const depthMax = 64;

type JsonRecord = Readonly<Record<string, unknown>>;

/**
 * Walks a value along the definitions of R4. Without a list of issues it stops at the first failure and builds no path.
 * With a list it checks everything. Every method returns whether its part is valid.
 */
export class StructureCheck {
  readonly #issues: IssueList | undefined;

  constructor(issues: IssueList | undefined) {
    this.#issues = issues;
  }

  /** A resource of any type. */
  resource(value: unknown, path: string, depth: number): boolean {
    if (!isRecord(value)) return this.#fail('structure', path, 'A resource must be a JSON object.');
    const type = value['resourceType'];
    const definition = typeof type === 'string' ? definitionOf(type) : undefined;
    if (definition?.isResource !== true) {
      return this.#fail('structure', path, 'resourceType must name a resource type of FHIR R4.');
    }
    return this.#object(definition, value, path, depth);
  }

  /** A value of a complex datatype or backbone element. */
  complex(definition: TypeDefinition, value: unknown, path: string, depth: number): boolean {
    if (!isRecord(value)) return this.#fail('structure', path, `Must be a JSON object of type ${definition.name}.`);
    return this.#object(definition, value, path, depth + 1);
  }

  #object(definition: TypeDefinition, value: JsonRecord, path: string, depth: number): boolean {
    if (depth > depthMax) return this.#fail('structure', path, `Nested deeper than ${depthMax} levels; flatten it.`);
    let isValid = true;
    let choices = 0;
    let count = 0;
    for (const name in value) {
      count += 1;
      const property = definition.properties.get(name);
      if (property === undefined) {
        if (name === 'resourceType' && definition.isResource) continue;
        isValid = this.#other(definition, name, value, path, depth) && isValid;
      } else {
        isValid = this.#property(property, name, value, path, depth) && isValid;
        if ((choices & property.choice) !== 0) isValid = this.#twoChoices(property, path);
        choices |= property.choice;
      }
      if (!isValid && this.#issues === undefined) return false;
    }
    if (count === 0) return this.#fail('structure', path, 'An object must not be empty; leave it out.');
    return (
      this.#required(definition, value, path) && this.#extension(definition, value, choices !== 0, path) && isValid
    );
  }

  #twoChoices({ element }: PropertyDefinition, path: string): false {
    const text = `${element}[x] may be given in one type only; remove the others.`;
    return this.#fail('structure', `${path}.${element}`, text);
  }

  #required(definition: TypeDefinition, value: JsonRecord, path: string): boolean {
    let isValid = true;
    for (const { element, anyOf } of definition.required) {
      if (anyOf.some((name) => value[name] !== undefined)) continue;
      // A primitive may be replaced by an extension that says why it is missing: `_status`.
      if (anyOf.some((name) => value[`_${name}`] !== undefined)) continue;
      isValid = this.#fail('required', `${path}.${element}`, `${definition.name}.${element} is required; add it.`);
    }
    return isValid;
  }

  /** Invariant ext-1: an extension has a value or extensions, not both. */
  #extension(definition: TypeDefinition, value: JsonRecord, hasChoice: boolean, path: string): boolean {
    if (definition.name !== 'Extension') return true;
    const hasValue = hasChoice || Object.keys(value).some((name) => name.startsWith('_value'));
    if (hasValue !== (value['extension'] !== undefined)) return true;
    return this.#fail('invariant', path, 'An extension must have either a value[x] or extensions of its own.');
  }

  /**
   * A property that is not an element: extensions of a primitive (`_birthDate`), or a name that R4 does not define
   * here.
   */
  #other(definition: TypeDefinition, name: string, value: JsonRecord, path: string, depth: number): boolean {
    const property = name.startsWith('_') ? definition.properties.get(name.slice(1)) : undefined;
    if (property?.primitive !== undefined) return this.#primitiveExtension(property, value[name], path, depth);
    if (this.#issues === undefined) return false;
    const isKnown = isElementName(name);
    const what = isKnown ? name : `Property number ${Object.keys(value).indexOf(name) + 1}`;
    const text = `${what} is not an element of ${definition.name} in FHIR R4; remove it or send it as an extension.`;
    return this.#fail('structure', isKnown ? `${path}.${name}` : path, text);
  }

  #primitiveExtension(property: PropertyDefinition, content: unknown, path: string, depth: number): boolean {
    const element = definitionOf('Element');
    if (element === undefined) return false;
    const at = this.#at(path, property);
    if (!property.isArray) return this.complex(element, content, at, depth);
    if (!Array.isArray(content) || content.length === 0) {
      return this.#fail('structure', at, 'Extensions of a repeating element must be a list.');
    }
    return content.every((item, index) => item === null || this.complex(element, item, `${at}[${index}]`, depth));
  }

  #property(property: PropertyDefinition, name: string, parent: JsonRecord, path: string, depth: number): boolean {
    const content = parent[name];
    const at = this.#at(path, property);
    if (!property.isArray) return this.#value(property, content, at, depth);
    if (!Array.isArray(content)) return this.#fail('structure', at, `${property.element} repeats: send a JSON array.`);
    if (content.length === 0) return this.#fail('structure', at, 'An array must not be empty; leave it out.');
    let isValid = true;
    for (let index = 0; index < content.length; index++) {
      const item: unknown = content[index];
      if (item === null && hasExtension(parent, name, index)) continue;
      isValid = this.#value(property, item, this.#issues === undefined ? '' : `${at}[${index}]`, depth) && isValid;
      if (!isValid && this.#issues === undefined) return false;
    }
    return isValid;
  }

  #value(property: PropertyDefinition, value: unknown, path: string, depth: number): boolean {
    const { primitive, codes, targets } = property;
    if (primitive !== undefined) {
      if (codes !== undefined) return this.#code(codes, value, path);
      return primitive.isValid(value) || this.#fail('value', path, `${property.element} ${primitive.hint}.`);
    }
    if (property.isAnyResource)
      return (
        this.resource(value, path, depth + 1) && (property.element !== 'contained' || this.#contained(value, path))
      );
    const definition = property.type;
    if (definition === undefined) return this.#fail('not-supported', path, 'It cannot be checked; leave it out.');
    if (!this.complex(definition, value, path, depth)) return false;
    return targets === undefined || this.#target(targets, value as JsonRecord, path);
  }

  /** Invariant dom-2: a contained resource contains no other resource. */
  #contained(value: unknown, path: string): boolean {
    if (!isRecord(value) || value['contained'] === undefined) return true;
    const text = 'A contained resource must not contain others; contain all of them in the outer resource.';
    return this.#fail('invariant', this.#issues === undefined ? '' : `${path}.contained`, text);
  }

  #code(codes: ReadonlySet<string>, value: unknown, path: string): boolean {
    if (typeof value === 'string' && codes.has(value)) return true;
    const listed = [...codes];
    const some = listed.length > 30 ? `${listed.slice(0, 30).join(', ')}, ...` : listed.join(', ');
    return this.#fail('code-invalid', path, `Must be one of: ${some}.`);
  }

  /** A literal reference `Type/id` must name a type that the element allows. Other forms do not give their type. */
  #target(targets: ReadonlySet<string>, value: JsonRecord, path: string): boolean {
    const reference = value['reference'];
    if (typeof reference !== 'string') return true;
    const type = /^([A-Z][A-Za-z]+)[/?]/.exec(reference)?.[1];
    if (type === undefined || targets.has(type)) return true;
    return this.#fail('value', `${path}.reference`, `Must refer to ${[...targets].join(', ')}.`);
  }

  #at(path: string, { element }: PropertyDefinition): string {
    return this.#issues === undefined ? '' : `${path}.${element}`;
  }

  #fail(code: string, expression: string, diagnostics: string): false {
    this.#issues?.add(code, expression, diagnostics);
    return false;
  }
}

/** `given: [null]` is valid where `_given: [{...}]` says why the value is missing. */
function hasExtension(parent: JsonRecord, name: string, index: number): boolean {
  const extensions = parent[`_${name}`];
  return Array.isArray(extensions) && isRecord(extensions[index]);
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
