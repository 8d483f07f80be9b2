import { definitionLines } from './definitions.generated.ts';
import { primitives, type Primitive } from './primitives.ts';

/** What one property of a JSON object may hold. */
export interface PropertyDefinition {
  /** Name of the element, for expressions: `value` for the property `valueQuantity`. */
  readonly element: string;
  readonly isArray: boolean;
  /** A distinct bit for each element with a choice of types, to detect two values for one element. 0: no choice. */
  readonly choice: number;
  /** Set for a primitive; `codes` when its values are a closed list. */
  readonly primitive: Primitive | undefined;
  readonly codes: ReadonlySet<string> | undefined;
  /** Definition of the complex type or backbone element; undefined for a primitive, and for any resource. */
  readonly type: TypeDefinition | undefined;
  /** Holds a whole resource of any type. */
  readonly isAnyResource: boolean;
  /** Resource types that a Reference may name; undefined: any. */
  readonly targets: ReadonlySet<string> | undefined;
}

/** What the JSON object of one type may hold. */
export interface TypeDefinition {
  readonly name: string;
  readonly isResource: boolean;
  readonly properties: ReadonlyMap<string, PropertyDefinition>;
  /** Each required element, with the properties of which one must be there. */
  readonly required: readonly { readonly element: string; readonly anyOf: readonly string[] }[];
}

const types = new Map<string, TypeDefinition>();

/**
 * Definition of a datatype, backbone element or resource by its R4 name; undefined for other names. Read from its line
 * once.
 */
export function definitionOf(name: string): TypeDefinition | undefined {
  const known = types.get(name);
  if (known !== undefined) return known;
  const line = Object.hasOwn(definitionLines, name) ? definitionLines[name] : undefined;
  if (line === undefined) return undefined;
  const definition = parseLine(name, line);
  types.set(name, definition);
  return definition;
}

/** Whether a text names an R4 resource type that can stand in JSON. */
export function isResourceType(name: string): boolean {
  return definitionOf(name)?.isResource === true;
}

/** Names of all R4 resource types. */
export function resourceTypes(): readonly string[] {
  return Object.keys(definitionLines).filter(isResourceType);
}

let elementNames: Set<string> | undefined;

/**
 * Whether R4 has an element of that name in any type. Such a name may be quoted in a refusal; any other may contain
 * anything.
 */
export function isElementName(name: string): boolean {
  elementNames ??= new Set(
    Object.values(definitionLines).flatMap((line) => Array.from(line.matchAll(/\|(\w+)/g), ([, word]) => word ?? '')),
  );
  return elementNames.has(name);
}

/**
 * Format of a line: `kind|element|element...`, with elements `name[?][!][*]:type,type...`. `?` marks a choice
 * (name[x]), `!` a required element, `*` a repeating one. `code(a;b)` lists codes and `Reference(A;B)` the resource
 * types that may be referred to.
 */
function parseLine(name: string, line: string): TypeDefinition {
  const [kind, ...elements] = line.split('|');
  const properties = new Map<string, PropertyDefinition>();
  const required: { element: string; anyOf: string[] }[] = [];
  let choices = 0;
  for (const text of elements) {
    const [, element = '', marks = '', list = ''] = /^(\w+)([?!*]*):(.*)$/.exec(text) ?? [];
    const isChoice = marks.includes('?');
    const choice = isChoice ? 1 << choices++ : 0;
    const names = list.split(',').map((type) => {
      const property = isChoice ? element + capitalized(typeName(type)) : element;
      properties.set(property, new Property(element, marks.includes('*'), choice, type));
      return property;
    });
    if (marks.includes('!')) required.push({ element, anyOf: names });
  }
  return { name, isResource: kind === 'resource', properties, required };
}

class Property implements PropertyDefinition {
  readonly element: string;
  readonly isArray: boolean;
  readonly choice: number;
  readonly primitive: Primitive | undefined;
  readonly codes: ReadonlySet<string> | undefined;
  readonly targets: ReadonlySet<string> | undefined;
  readonly #typeName: string;
  #type: TypeDefinition | undefined;

  constructor(element: string, isArray: boolean, choice: number, type: string) {
    this.element = element;
    this.isArray = isArray;
    this.choice = choice;
    this.#typeName = typeName(type);
    const listed = type.endsWith(')') ? new Set(type.slice(this.#typeName.length + 1, -1).split(';')) : undefined;
    this.primitive = Object.hasOwn(primitives, this.#typeName) ? primitives[this.#typeName] : undefined;
    this.codes = this.primitive === undefined ? undefined : listed;
    this.targets = this.primitive === undefined ? listed : undefined;
  }

  // Types refer to each other in cycles, so a definition is looked up when it is first needed.
  get type(): TypeDefinition | undefined {
    if (this.primitive !== undefined) return undefined;
    return (this.#type ??= definitionOf(this.#typeName));
  }

  get isAnyResource(): boolean {
    return this.#typeName === 'Resource';
  }
}

const typeName = (type: string): string => type.split('(', 1)[0] ?? type;
const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
