/** The commands for one device, in their order; the first one is under way. */
import type { Clue } from './clues';
import type { Command } from './command';

export class CommandQueue {
  private commands: Command[] = [];

  get length(): number {
    return this.commands.length;
  }

  get first(): Command | undefined {
    return this.commands[0];
  }

  add(command: Command): void {
    this.commands.push(command);
  }

  /** Ends those that give way, if another one waits as well. */
  giveWay(): void {
    if (this.length === 1) return;
    const giving = this.commands.filter(({ givesWay }) => givesWay);
    if (giving.length < this.length) for (const one of giving) one.abort();
  }

  /** True if it was under way. */
  remove(command: Command): boolean {
    const isFirst = command === this.first;
    if (isFirst) this.commands.shift();
    else this.commands = this.commands.filter((one) => one !== command);
    return isFirst;
  }

  /** Settles all of them. */
  reject(error: () => Error): void {
    for (const command of [...this.commands]) command.reject(error());
  }

  /** What is seen of the device explains the failure of every command that waits for it. */
  saw(clue: Clue): void {
    for (const command of this.commands) command.saw(clue);
  }

  /** The device has answered: what was seen before says nothing any more. */
  forgetClues(): void {
    for (const command of this.commands) command.forgetClue();
  }

  /** Does what is due; gives the next moment at which something will be. */
  tick(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const command of [...this.commands]) next = Math.min(next, command.tick(now));
    return next;
  }
}
