/** A terminal for command lines in specs: it keeps what they write, and has no environment, no time and nobody who looks. */
export class RecordedTerminal {
  readonly stderrIsTerminal: boolean = false;
  readonly columns: number = 80;
  out = '';
  errors = '';

  stdout(text: string): void {
    this.out += text;
  }

  stderr(text: string): void {
    this.errors += text;
  }

  environment(): undefined {
    return undefined;
  }

  nowMs(): number {
    return 0;
  }

  every(): () => void {
    return () => undefined;
  }
}
