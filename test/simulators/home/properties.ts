/** The values of a device, classic ones by name beside MIoT ones by 'siid.piid', and what may be written to them. */
import { isDeepStrictEqual } from 'node:util';
import type { SimulatedDeviceOptions } from './options';

export class Properties {
  private readonly values: Map<string, unknown>;

  /** `changed` is told of every new value, whoever set it. */
  constructor(
    private readonly options: SimulatedDeviceOptions,
    private readonly changed: (name: string, value: unknown) => void,
  ) {
    this.values = new Map(this.factoryValues);
  }

  /** Sets what they were at first. */
  restore(): void {
    for (const [name, value] of this.factoryValues) this.set(name, value);
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  /** undefined: no such property. */
  get(name: string): unknown {
    return this.values.get(name);
  }

  set(name: string, value: unknown): void {
    if (isDeepStrictEqual(this.values.get(name), value)) return;
    this.values.set(name, value);
    this.changed(name, value);
  }

  /** True for what commands cannot write. */
  isReadOnly(name: string): boolean {
    return this.options.readOnly?.includes(name) ?? false;
  }

  /** True when a command may write `value`. */
  accepts(name: string, value: unknown): boolean {
    return this.options.accepts?.[name]?.(value) ?? true;
  }

  private get factoryValues(): [string, unknown][] {
    return Object.entries({ ...this.options.properties, ...this.options.miot });
  }
}
