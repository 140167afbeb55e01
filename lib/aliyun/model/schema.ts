/** The JSON Schema of a data type, for ajv (pure). `maxBytes` is a keyword of ours: the platform counts text in bytes. */
import type { DataType, Struct } from './data-type';

/** UTC milliseconds as text. */
const DATE = '^-?\\d{1,16}$';

export function schemaOf(dataType: DataType): object {
  switch (dataType.type) {
    case 'int':
      return { type: 'integer', minimum: dataType.min, maximum: dataType.max };
    case 'float':
    case 'double':
      return { type: 'number', minimum: dataType.min, maximum: dataType.max };
    case 'bool':
      return { enum: [0, 1] };
    case 'enum':
      return { enum: dataType.values.map(({ value }) => value) };
    case 'text':
      return { type: 'string', maxBytes: dataType.maxBytes };
    case 'date':
      return { type: 'string', pattern: DATE };
    case 'array':
      return { type: 'array', maxItems: dataType.maxItems, items: schemaOf(dataType.item) };
    case 'struct':
      return structSchema(dataType);
    case 'any':
      return {};
  }
}

function structSchema({ members }: Struct): object {
  const all = [...members];
  return {
    type: 'object',
    properties: Object.fromEntries(all.map(([name, { dataType }]) => [name, schemaOf(dataType)])),
    required: all.filter(([, { required }]) => required).map(([name]) => name),
    additionalProperties: false,
  };
}
