/**
 * The spec of a model as a program uses it: names for numbers, and values checked before they are sent. Nothing is
 * downloaded; the file comes from the user.
 *
 *   const spec = await readSpec('/home/me/lamp.json');
 *   const answer = await access.get(spec.resolve(['light:on', 'light:brightness'], 'read'));
 *   const value = spec.check('light:brightness', '80');   // 80, or an error that says 1 to 100
 *   await access.action(spec.resolveAction('light:brightness-up', [10]));
 */
import { MialinkError } from '../../errors';
import type { Action } from '../properties/miot';
import { isMiot, type MiotProperty, type Property } from '../properties/property';
import { checkValue, type Rules } from './check';
import type { ActionEntry, EventEntry, Instance, PropertyEntry } from './instance';
import { type Kind, type Named, Names, withNames } from './names';

/** A property that `PropertyAccess` takes as it is. */
export type SpecProperty = PropertyEntry & Named & MiotProperty;
/** What the spec says of it; `Spec.resolveAction` makes of it, and of values, what `PropertyAccess` takes. */
export type SpecAction = ActionEntry & Named & { aiid: number };
export type SpecEvent = EventEntry & Named & { eiid: number };

export type Use = 'read' | 'write';

const KINDS: Record<Kind, string> = { prop: 'property', action: 'action', event: 'event' };
/** Of a value in the text of an error. */
const LONGEST_VALUE = 40;
/** Of the names that an ambiguous one may mean. */
const MOST_NAMED = 5;

export class Spec {
  /** The URN of the model. */
  readonly type: string;
  readonly description: string;
  readonly properties: readonly SpecProperty[];
  readonly actions: readonly SpecAction[];
  readonly events: readonly SpecEvent[];
  private readonly propertyNames: Names<SpecProperty>;
  private readonly actionNames: Names<SpecAction>;
  private readonly eventNames: Names<SpecEvent>;

  /** By `parseSpec` or `readSpec`; `device` is what texts call the device. */
  constructor(
    instance: Instance,
    private readonly device: string,
  ) {
    this.type = instance.type;
    this.description = instance.description;
    this.properties = withNames('prop', instance.properties).map((one) => ({ ...one, piid: one.iid }));
    this.actions = withNames('action', instance.actions).map((one) => ({ ...one, aiid: one.iid }));
    this.events = withNames('event', instance.events).map((one) => ({ ...one, eiid: one.iid }));
    this.propertyNames = new Names('prop', this.properties);
    this.actionNames = new Names('action', this.actions);
    this.eventNames = new Names('event', this.events);
  }

  /** By `light:brightness`, `light-2:brightness-3` or `prop.2.3`; throws specNameUnknown or specNameAmbiguous. */
  property(name: string): SpecProperty {
    return this.one('prop', this.propertyNames, name);
  }

  /** By `vacuum:start-sweep` or `action.2.1`; throws as `property` does. */
  action(name: string): SpecAction {
    return this.one('action', this.actionNames, name);
  }

  /** By `button:click` or `event.2.1`; throws as `property` does. */
  event(name: string): SpecEvent {
    return this.one('event', this.eventNames, name);
  }

  /**
   * The value as the device takes it; as it is, when the spec does not know the property. Throws specNotWritable, or
   * specValueInvalid with what is allowed.
   */
  check(item: string | Property, value: unknown): unknown {
    const property = this.known(asProperty(item));
    if (!property) return value;
    this.refuseUnless('write', property);
    return this.checked(property, value);
  }

  /**
   * The properties of a table or of a list of names, under the names that they have there. One with a method of its own
   * stays as it is, and one whose numbers the spec does not know, since a firmware may know more. Throws
   * specNameUnknown or specNameAmbiguous, and specNotReadable or specNotWritable where they are not fit for `use`.
   */
  resolve(items: readonly (string | Property)[], use?: Use): Property[] {
    return items.map(asProperty).map((item) => {
      const property = this.known(item);
      if (property && use) this.refuseUnless(use, property);
      return property ?? item;
    });
  }

  /**
   * The action of this name with its inputs, as `PropertyAccess` takes it: `values` are those of its inputs, all of
   * them, in the order in which the spec names them. Throws specNameUnknown or specNameAmbiguous, and specValueInvalid
   * with what is allowed.
   */
  resolveAction(name: string, values: readonly unknown[] = []): Action {
    const { siid, aiid, in: piids, name: own } = this.action(name);
    const inputs = piids.map((piid) => this.numbered(siid, piid) ?? unknownInput(siid, piid));
    if (!Array.isArray(values) || values.length !== inputs.length) {
      const names = inputs.map((input) => input.name).join(', ');
      const rule = names === '' ? 'an empty list' : `a list of ${inputs.length} (${names})`;
      throw this.valueInvalid(`the inputs of ${own}`, rule, values);
    }
    return {
      siid,
      aiid,
      in: inputs.map((input, index) => ({ piid: input.piid, value: this.checked(input, values[index]) })),
    };
  }

  private known(item: Property): SpecProperty | undefined {
    if (!isMiot(item)) return item.method ? undefined : { ...this.property(item.name), name: item.name };
    const found = this.numbered(item.siid, item.piid);
    return found && { ...found, name: item.name };
  }

  private numbered(siid: number, piid: number): SpecProperty | undefined {
    return this.properties.find((property) => property.siid === siid && property.piid === piid);
  }

  private checked(property: Rules & { name: string }, value: unknown): unknown {
    const checked = checkValue(property, value);
    if ('value' in checked) return checked.value;
    throw this.valueInvalid(property.name, checked.rule, value);
  }

  private valueInvalid(property: string, rule: string, value: unknown): MialinkError {
    return new MialinkError('specValueInvalid', {
      device: this.device,
      property,
      rule,
      value: textOf(value),
    });
  }

  private refuseUnless(use: Use, { access, name }: SpecProperty): void {
    if (!access || access.includes(use)) return;
    const reason = use === 'read' ? 'specNotReadable' : 'specNotWritable';
    throw new MialinkError(reason, { device: this.device, property: name });
  }

  private one<One extends Named>(kind: Kind, names: Names<One>, name: string): One {
    const [first, ...others] = names.find(name);
    if (first && others.length === 0) return first;
    const values = { device: this.device, kind: KINDS[kind], name: textOf(name) };
    if (first) {
      const known = [first, ...others.slice(0, MOST_NAMED - 1)].map((one) => one.name).join(', ');
      throw new MialinkError('specNameAmbiguous', { ...values, known });
    }
    const known = names.near(name).join(', ') || 'none';
    throw new MialinkError('specNameUnknown', { ...values, known });
  }
}

/** An input that the spec has no property for: only the device knows what it takes. */
function unknownInput(siid: number, piid: number) {
  return { piid, name: `prop.${siid}.${piid}`, format: '' };
}

/** A name alone stands for what the spec calls so. */
function asProperty(item: string | Property): Property {
  return typeof item === 'string' ? { name: item } : item;
}

function textOf(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? typeof value).slice(0, LONGEST_VALUE);
  } catch {
    return typeof value;
  }
}
