import fc from 'fast-check'
import { startOrder, stopOrder } from '../../core/hold-order.js'

const needsOf = (needs: Record<string, string[]>) => new Map(Object.entries(needs))

test.each<[string, string[], Record<string, string[]>, string[]]>([
  ['as given, where nothing is known', ['web', 'db', 'cache'], {}, ['web', 'db', 'cache']],
  ['who needs another before it', ['db', 'web'], { web: ['db'] }, ['web', 'db']],
  ['along a chain', ['db', 'api', 'web'], { web: ['api'], api: ['db'] }, ['web', 'api', 'db']],
  ['through what is not held', ['db', 'web'], { web: ['api'], api: ['db'] }, ['web', 'db']],
  [
    'two that need the same, as given',
    ['db', 'worker', 'web'],
    { web: ['db'], worker: ['db'] },
    ['worker', 'web', 'db'],
  ],
  ['moving no more than it must', ['a', 'db', 'b', 'web'], { web: ['db'] }, ['a', 'b', 'web', 'db']],
  ['each once', ['web', 'web'], {}, ['web']],
  ['whatever needs itself', ['web', 'db'], { web: ['web'], db: ['web'] }, ['db', 'web']],
])('stops %s', (_, services, needs, expected) => {
  expect(stopOrder(services, needsOf(needs))).toEqual({ services: expected })
})

test.each<[string, string[], Record<string, string[]>, Record<string, string[]>]>([
  ['the one that stops after it', ['web', 'db'], {}, { web: ['db'] }],
  ['the next one that runs', ['web', 'down', 'db'], {}, { web: ['db'], down: ['db'] }],
  ['nobody, where none that runs is left', ['web', 'down'], {}, {}],
  ['what another run may hold, too', ['web', 'db'], { web: ['proxy'] }, { web: ['db', 'proxy'] }],
])('each waits for %s before it starts', (_, services, outside, expected) => {
  const running = new Set(services.filter((service) => service !== 'down'))

  expect(startOrder(services, running, needsOf(outside))).toEqual(expected)
})

test('names a circle, and orders the rest all the same', () => {
  const order = stopOrder(['db', 'a', 'b', 'web'], needsOf({ a: ['b'], b: ['a'], web: ['db'] }))

  expect(order).toEqual({ services: ['web', 'db', 'a', 'b'], circle: ['a', 'b', 'a'] })
})

test('names only what is in a circle, the shortest way: what is needed through others counts', () => {
  const needs = { tail: ['a'], a: ['b'], b: ['c'], c: ['a'] }

  expect(stopOrder(['c', 'a', 'b', 'tail'], needsOf(needs))).toEqual({
    services: ['tail', 'c', 'a', 'b'],
    circle: ['c', 'a', 'c'],
  })
})

describe('whatever needs whatever', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const name = fc.constantFrom(...names)
  const services = fc.uniqueArray(name, { maxLength: 6 })
  const edges = fc.array(fc.tuple(name, name), { maxLength: 16 })
  const mapOf = (pairs: readonly (readonly [string, string])[]) => {
    const needs = new Map<string, string[]>()
    for (const [who, what] of pairs) needs.set(who, [...(needs.get(who) ?? []), what])
    return needs
  }
  /** Only towards later letters: no circles. */
  const forward = edges.map((pairs) => pairs.filter(([who, what]) => who < what))
  const reaches = (
    needs: Map<string, string[]>,
    from: string,
    to: string,
    seen = new Set<string>(),
  ): boolean =>
    (needs.get(from) ?? []).some((next) => {
      if (next === to) return true
      if (seen.has(next)) return false
      seen.add(next)
      return reaches(needs, next, to, seen)
    })

  test('every service stops once, and none is added', () => {
    fc.assert(
      fc.property(services, edges, (held, pairs) => {
        expect([...stopOrder(held, mapOf(pairs)).services].sort()).toEqual([...held].sort())
      }),
    )
  })

  test('without circles everything stops before what it needs', () => {
    fc.assert(
      fc.property(services, forward, (held, pairs) => {
        const needs = mapOf(pairs)

        const { services: order, circle } = stopOrder(held, needs)

        expect(circle).toBeUndefined()
        for (const [i, first] of order.entries())
          for (const later of order.slice(i + 1)) expect(reaches(needs, later, first)).toBe(false)
      }),
    )
  })

  test('an order that fits already is left as it is', () => {
    fc.assert(
      fc.property(services, forward, (held, pairs) => {
        const needs = mapOf(pairs)
        const { services: order } = stopOrder(held, needs)

        expect(stopOrder(order, needs).services).toEqual(order)
      }),
    )
  })

  test('a circle is named exactly where one goes through what is held, and is one', () => {
    fc.assert(
      fc.property(services, edges, (held, pairs) => {
        const needs = mapOf(pairs)
        const isCircular = held.some((one) =>
          held.some((other) => one !== other && reaches(needs, one, other) && reaches(needs, other, one)),
        )

        const { circle } = stopOrder(held, needs)

        expect(circle !== undefined).toBe(isCircular)
        if (circle === undefined) return
        expect(circle[0]).toBe(circle.at(-1))
        for (const [i, who] of circle.slice(0, -1).entries())
          expect(reaches(needs, who, circle[i + 1] as string)).toBe(true)
      }),
    )
  })
})
