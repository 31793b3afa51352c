import { differences, type RunningWork } from '../../../plan/explain/differences.js'
import { describeChanges } from '../../../plan/diff.js'
import { compiled, goodPlan } from '../sites.js'

const text = `${goodPlan.replace('    live: true\n', '')}
schedule: { cron: "30 2 * * *", timezone: Europe/Berlin }
verification: { schedule: { cron: "0 6 * * 0" }, sample: 20% }
hold: { services: [docker:web], maxDowntime: 2m }
retention: { keepLast: 7 }
`
const plan = compiled(text)

function runningBackup(): RunningWork {
  if (plan.schedule === undefined) throw new Error('has a schedule')
  return { job: plan.job, schedule: plan.schedule }
}

test('what changes is said in the sentences that are others, section by section', () => {
  const changed = compiled(
    text.replace('2m', '5m').replace('keepLast: 7', 'keepLast: 9').replace('30 2', '30 3'),
  )

  expect(differences(runningBackup(), changed)).toEqual([
    {
      before: [expect.stringMatching(/^Stops docker:web, for 2 minutes at most/)],
      after: [expect.stringMatching(/^Stops docker:web, for 5 minutes at most/)],
    },
    {
      before: [expect.stringMatching(/^Runs at 02:30/)],
      after: [expect.stringMatching(/^Runs at 03:30/)],
    },
    {
      before: [expect.stringContaining('the newest 7')],
      after: [expect.stringContaining('the newest 9')],
    },
  ])
})

test('another host is a difference, too', () => {
  const running = runningBackup()
  const elsewhere = { ...running, job: { ...running.job, host: 'attic' } }

  expect(differences(elsewhere, plan)).toEqual([
    { before: ['Runs on host attic.'], after: ['Runs on host nas.'] },
  ])
})

test('the verification of a plan is compared by itself', () => {
  if (plan.verification === undefined) throw new Error('is verified')

  expect(differences(plan.verification, compiled(text.replace('20%', '50%')))).toEqual([
    { before: [expect.stringContaining('20%')], after: [expect.stringContaining('50%')] },
  ])
  expect(differences(plan.verification, compiled(text.replace('2m', '5m')))).toEqual([])
})

test('a comment makes another text, and no difference, and the change says so', () => {
  const commented = compiled(`# for the shop\n${text}`)

  expect(differences(runningBackup(), commented)).toEqual([])
  expect(describeChanges([change([])], 'planned')).toContain(
    '    Only its text is another: it does the same.\n',
  )
})

test('sentences that go come before those that come', () => {
  expect(describeChanges([change([{ before: ['old'], after: ['new', 'newer'] }])], 'planned')).toContain(
    'Its plan changed.\n    - old\n    + new\n    + newer\n1 schedule',
  )
})

function change(found: ReturnType<typeof differences>) {
  const { schedule } = runningBackup()
  const about = { scheduleId: 'home/backup/shop', plan: 'shop', work: 'backup' as const }
  return {
    ...about,
    kind: 'change' as const,
    wanted: { ...about, schedule, hash: 'h' },
    paused: false,
    reason: 'its plan changed',
    differences: found,
  }
}
