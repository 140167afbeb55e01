/**
 * What commands have shown of the token; hello shows nothing (pure).
 *
 *   untried ──── answer ────▶ proven ─ silence ▶ doubted
 *      └─ silence behind a hello ▶ rejected ◀─ the same ┘
 *   An answer proves it from anywhere.
 */
export class TokenEvidence {
  private current: 'untried' | 'proven' | 'doubted' | 'rejected' = 'untried';
  /** The method that proved it last, and the one that has kept silent since. */
  private answeredMethod: string | undefined;
  private silentMethod: string | undefined;

  get state(): TokenEvidence['current'] {
    return this.current;
  }

  answered(method: string): void {
    this.current = 'proven';
    this.answeredMethod = method;
    this.silentMethod = undefined;
  }

  /**
   * A token that worked may have been changed meanwhile: then the next command looks afresh. But one method that was
   * never heard to work is rather one that the device ignores.
   */
  silent(method: string): void {
    const { answeredMethod, silentMethod = method } = this;
    this.silentMethod = silentMethod;
    const isDoubtful = method === answeredMethod || method !== silentMethod;
    if (this.current === 'proven' && isDoubtful) this.current = 'doubted';
  }

  rejected(): void {
    this.current = 'rejected';
  }
}
