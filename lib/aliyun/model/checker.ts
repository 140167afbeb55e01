/**
 * Checks values by their data types: each type becomes a JSON Schema, and that a function of ajv's, at its first use. A
 * model of hundreds of properties costs nothing until one of them is posted.
 */
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv';
import type { MialinkError } from '../../errors';
import { isRecord } from '../../untrusted';
import { convert } from './convert';
import type { DataType, Struct } from './data-type';
import { unknownIdentifier, violation } from './refusal';
import { ruleOf } from './rule';
import { schemaOf } from './schema';

export class Checker {
  private readonly compiled = new Map<DataType, ValidateFunction>();
  private ajv: Ajv | undefined;

  /** `device` is what texts call the device. */
  constructor(private readonly device: string) {}

  /** Whether the value is what the cloud takes already. */
  fits(dataType: DataType, value: unknown): boolean {
    const validate = this.compiled.get(dataType) ?? this.compile(dataType);
    return validate(value);
  }

  /**
   * A copy of the value as the cloud takes it. Throws `modelViolation`, or `identifierUnknown` for a member that the
   * type does not have; `path` is where the value belongs, such as `Color`.
   */
  check(path: string, dataType: DataType, value: unknown): unknown {
    const converted = convert(dataType, value);
    const validate = this.compiled.get(dataType) ?? this.compile(dataType);
    if (validate(converted)) return converted;
    const [fault] = validate.errors ?? [];
    throw this.refusal(path, dataType, value, fault ? stepsTo(fault) : []);
  }

  private compile(dataType: DataType): ValidateFunction {
    this.ajv ??= newAjv();
    const validate = this.ajv.compile(schemaOf(dataType));
    this.compiled.set(dataType, validate);
    return validate;
  }

  /** Says what is wrong at the end of `steps`, in the value as it was given. */
  private refusal(path: string, dataType: DataType, value: unknown, steps: readonly string[]): MialinkError {
    const [step, ...rest] = steps;
    if (step === undefined) return violation(this.device, path, ruleOf(dataType), value);
    if (dataType.type === 'array') {
      const item = Array.isArray(value) ? value[Number(step)] : undefined;
      return this.refusal(`${path}[${step}]`, dataType.item, item, rest);
    }
    const members: Struct['members'] = dataType.type === 'struct' ? dataType.members : new Map();
    const member = members.get(step);
    const inside = `${path}.${step}`;
    if (!member) return unknownIdentifier(this.device, 'parameter', inside, [...members.keys()]);
    const given = isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined;
    return this.refusal(inside, member.dataType, given, rest);
  }
}

/** The members and numbers that lead to what is wrong: the pointer of ajv, and the member that should or must not be. */
function stepsTo({ instancePath, params }: ErrorObject<string, Record<string, unknown>>): string[] {
  const steps = instancePath.split('/').slice(1);
  const member = params.missingProperty ?? params.additionalProperty;
  return typeof member === 'string' ? [...steps, member] : steps;
}

function newAjv(): Ajv {
  // Loading it takes as long as a connect: only who has a model pays for it.
  const { Ajv }: typeof import('ajv') = require('ajv');
  // The schemas are our own: there is nothing to validate, to keep or to log. Inherited members do not count.
  const ajv = new Ajv({
    meta: false,
    validateSchema: false,
    addUsedSchema: false,
    ownProperties: true,
    logger: false,
  });
  return ajv.addKeyword({
    keyword: 'maxBytes',
    type: 'string',
    schemaType: 'number',
    errors: false,
    compile: (maxBytes: number) => (text: string) =>
      // A UTF-16 unit has at most 3 bytes in UTF-8: mostly there is nothing to count.
      text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes,
  });
}
