/** The jobs that a device has taken and not yet finished. It is single-threaded: one at a time, in their order. */

export class Work<Job> {
  /** The first one is being worked on. */
  private jobs: Job[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** `durationMs` tells how long a job takes when it is begun; `finish` is called at its end. */
  constructor(
    private readonly durationMs: (job: Job) => number,
    private readonly finish: (job: Job) => void,
  ) {}

  add(job: Job): void {
    this.jobs.push(job);
    if (this.jobs.length === 1) this.begin(job);
  }

  /** Forgets all jobs, the one in hand too. */
  forget(): void {
    clearTimeout(this.timer);
    this.jobs = [];
  }

  private begin(job: Job): void {
    const ms = this.durationMs(job);
    if (ms > 0) this.timer = setTimeout(() => this.end(job), ms);
    else this.end(job);
  }

  private end(job: Job): void {
    this.finish(job);
    this.jobs.shift();
    const [next] = this.jobs;
    if (next) this.begin(next);
  }
}
