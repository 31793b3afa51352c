/** A person said no, or pressed Ctrl-C. Nothing is wrong, and what was asked for was not done. */
export class Cancelled extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Cancelled'
  }
}
