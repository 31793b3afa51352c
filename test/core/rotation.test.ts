import fc from 'fast-check'
import { planRotation, type KeyUse, type RotationJob, type SeenUses } from '../../core/rotation.js'
import { dueSteps, reportOfRotation, withTried, type TriedStep } from '../../core/rotation-steps.js'

const job: RotationJob = {
  ...{ site: 'home', from: 'old', to: 'new', planHosts: { shop: 'nas', wiki: 'pi' } },
  hosts: [
    { host: 'nas', fromId: 'aa', toId: 'bb' },
    { host: 'pi', fromId: 'aa', toId: 'bb' },
    { host: 'poor', fromId: 'aa' },
    { host: 'odd', fromId: 'cc', toId: 'bb' },
  ],
}
const use = (changes: Partial<KeyUse> = {}): KeyUse => ({
  ...{ destination: 'disk', place: 'p1', plan: 'shop', keyId: 'aa', own: 2, others: 0 },
  ...changes,
})
const seenBy = (host: string, ...uses: readonly KeyUse[]): SeenUses => ({ host, uses, problems: [] })

describe('who rewraps what', () => {
  test.each([
    [
      'the host of the plan, where it sees the place',
      [seenBy('nas', use({ plan: 'wiki' })), seenBy('pi', use({ plan: 'wiki' }))],
      ['pi'],
    ],
    [
      'the first host that sees it, where the plan is gone',
      [seenBy('pi', use({ plan: 'gone' })), seenBy('nas', use({ plan: 'gone' }))],
      ['nas'],
    ],
    [
      'each host its own place, though both are called alike',
      [seenBy('nas', use()), seenBy('pi', use({ place: 'p2' }))],
      ['nas', 'pi'],
    ],
    ['not a host without the new key', [seenBy('poor', use()), seenBy('pi', use())], ['pi']],
    ['not a host whose old key is another', [seenBy('odd', use()), seenBy('nas', use())], ['nas']],
    [
      'a host by its own old key',
      [seenBy('odd', use({ keyId: 'cc' })), seenBy('nas', use({ keyId: 'cc' }))],
      ['odd'],
    ],
  ])('%s', (_, seen, hosts) => {
    const { steps, stranded } = planRotation(job, seen)

    expect(steps.map(({ host }) => host)).toEqual(hosts)
    expect(stranded).toEqual([])
  })

  test('what no host can rewrap is told with the key that is lacking', () => {
    const { steps, stranded } = planRotation(job, [
      seenBy('poor', use()),
      seenBy('odd', use({ place: 'p2', plan: 'wiki' })),
    ])

    expect(steps).toEqual([])
    expect(stranded.map(({ plan, because }) => [plan, because])).toEqual([
      ['shop', 'host "poor" lacks key "new"'],
      ['wiki', 'host "odd" lacks key "old"'],
    ])
  })

  test('what is not ours is told, and no step', () => {
    expect(planRotation(job, [seenBy('nas', use({ own: 0, others: 4 }))])).toEqual({
      ...{ steps: [], stranded: [] },
      others: [{ destination: 'disk', plan: 'shop', backups: 4, because: 'not of the site "home"' }],
    })
  })

  const uses = fc.array(
    fc.record({
      destination: fc.constantFrom('disk', 'offsite'),
      place: fc.constantFrom('p1', 'p2', 'p3'),
      plan: fc.constantFrom('shop', 'wiki', 'gone'),
      keyId: fc.constantFrom('aa', 'cc'),
      own: fc.nat(3),
      others: fc.nat(1),
    }),
  )

  test('every backup that is seen is in exactly one step, or told', () => {
    fc.assert(
      fc.property(fc.array(uses, { minLength: 4, maxLength: 4 }), (all) => {
        const seen = job.hosts.map(({ host }, index) => seenBy(host, ...(all[index] ?? [])))
        const { steps, stranded } = planRotation(job, seen)
        // What several hosts see of one place is judged by what the first of them saw.
        const subjects = new Map<string, number>()
        for (const { place, plan, keyId, own } of seen.flatMap((one) => one.uses))
          if (!subjects.has(`${place} ${plan} ${keyId}`)) subjects.set(`${place} ${plan} ${keyId}`, own)
        const wanted = [...subjects.values()].filter((own) => own > 0)
        expect(steps.length + stranded.length).toBe(wanted.length)
        for (const { host, fromId, toId } of steps) expect(job.hosts).toContainEqual({ host, fromId, toId })
      }),
    )
  })
})

describe('what is tried again', () => {
  const [step] = planRotation(job, [seenBy('nas', use())]).steps
  const after = (left: number, tries = 1): readonly TriedStep[] => [
    {
      ...{ host: 'nas', destination: 'disk', plan: 'shop', rewrapped: 1 },
      left,
      tries,
      problems: ['It is locked.'],
    },
  ]

  test.each([
    ['what was never tried', [], true],
    ['what was done, and was made anew meanwhile', after(0), true],
    ['what has more than could not be done', after(1), true],
    ['not what could not be done', after(2), false],
    ['not what is made again and again', after(0, 10), false],
  ])('%s', (_, tried, isDue) => {
    expect(dueSteps([step!], tried)).toHaveLength(isDue ? 1 : 0)
  })

  test('what a killed worker did not count is counted all the same', () => {
    expect(withTried([], step!, { rewrapped: 0, left: 0, problems: [] })).toMatchObject([{ rewrapped: 2 }])
  })

  test('what became of a step is counted over all its tries', () => {
    const once = withTried([], step!, { rewrapped: 2, left: 0, problems: [] })
    const twice = withTried(once, step!, { rewrapped: 1, left: 1, problems: ['It is locked.'] })

    expect(twice).toMatchObject([
      { plan: 'shop', rewrapped: 3, left: 1, tries: 2, problems: ['It is locked.'] },
    ])
  })
})

describe('what a rotation came to', () => {
  const clean = { job, plan: { steps: [], stranded: [], others: [] }, tried: [], seen: [], kept: [] }
  const place = { destination: 'disk', place: 'p1', objects: 3 }
  const kept = (host: string) => ({ host, kept: [place], problems: [] })

  test.each([
    ['good, when a list of all places has nothing left', {}, 'good'],
    ['good, although a store keeps what was deleted', { kept: [kept('nas'), kept('pi')] }, 'good'],
    [
      'good, although others have backups for the old key',
      { plan: planRotation(job, [seenBy('nas', use({ own: 0, others: 1 }))]) },
      'good',
    ],
    ['partial, when something is left', { plan: planRotation(job, [seenBy('nas', use())]) }, 'partial'],
    ['partial, when no host can do it', { plan: planRotation(job, [seenBy('poor', use())]) }, 'partial'],
    [
      'partial, when a place was not seen',
      { seen: [{ ...seenBy('nas'), problems: ['It is away.'] }] },
      'partial',
    ],
  ])('%s', (_, changes, outcome) => {
    expect(reportOfRotation({ ...clean, ...changes }).outcome).toBe(outcome)
  })

  test('a place that two hosts see is told once, and what is left with its reason', () => {
    const plan = planRotation(job, [seenBy('nas', use())])
    const tried = withTried([], plan.steps[0]!, {
      rewrapped: 5,
      left: 2,
      problems: ['one: It is locked.', 'two: Same.'],
    })

    const report = reportOfRotation({ ...clean, plan, tried, kept: [kept('nas'), kept('pi')] })

    expect(report.kept).toEqual([{ destination: 'disk', objects: 3 }])
    expect(report.rewrapped).toEqual([{ host: 'nas', destination: 'disk', plan: 'shop', backups: 5 }])
    expect(report.remaining).toEqual([
      { destination: 'disk', plan: 'shop', backups: 2, because: 'one: It is locked. two: Same.' },
    ])
  })
})
