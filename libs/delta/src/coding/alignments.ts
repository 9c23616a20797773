/** How far before its target the last source was, and two others before it; 0 for none. */
export class Alignments {
  last = 0;
  earlier = 0;
  earliest = 0;

  /** Puts one before the others. */
  turn(alignment: number): void {
    if (alignment === this.last) return;
    if (alignment !== this.earlier) this.earliest = this.earlier;
    this.earlier = this.last;
    this.last = alignment;
  }
}
