import type { OpenAPIObject } from '@nestjs/swagger';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type SchemaOrRef = Schemas[string];
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/**
 * Adds an example to every JSON body of an operation that has none, composed of the examples of its properties. Swagger
 * UI shows the example, and tests of generated clients use it.
 */
export function exemplify(operation: Operation, schemas: Schemas): void {
  const bodies = [operation.requestBody, ...Object.values(operation.responses)];
  for (const body of bodies) {
    if (body === undefined || '$ref' in body) continue;
    const media = body.content?.['application/json'];
    if (media?.schema === undefined || media.example !== undefined || media.examples !== undefined) continue;
    const example = exampleOf(media.schema, schemas);
    if (example !== undefined) media.example = example;
  }
}

function exampleOf(schema: SchemaOrRef, schemas: Schemas): unknown {
  if ('$ref' in schema) {
    const target = schemas[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)];
    return target && exampleOf(target, schemas);
  }
  if (schema.example !== undefined) return schema.example;
  if (schema.allOf !== undefined) return Object.assign({}, ...schema.allOf.map((part) => exampleOf(part, schemas)));
  if (schema.type === 'array' && schema.items !== undefined) {
    const item = exampleOf(schema.items, schemas);
    return item === undefined ? [] : [item];
  }
  if (schema.type !== 'object' && schema.properties === undefined) return undefined;
  const members = Object.entries(schema.properties ?? {})
    .map(([name, property]) => [name, exampleOf(property, schemas)] as const)
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(members);
}
