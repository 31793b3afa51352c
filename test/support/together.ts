/**
 * Tests that mostly wait, at the same time: all are begun together, after the `beforeAll`s above, and each is reported by its
 * name. What they share has to bear that.
 */
export function testsTogether(cases: Readonly<Record<string, () => Promise<void>>>, limitMs: number): void {
  const running = new Map<string, Promise<void>>()
  beforeAll(() => {
    for (const [name, begin] of Object.entries(cases)) {
      const begun = begin()
      // Its own test tells of its failure, when its turn comes.
      begun.catch(() => undefined)
      running.set(name, begun)
    }
  })
  test.each(Object.keys(cases))('%s', (name) => running.get(name), limitMs)
}
