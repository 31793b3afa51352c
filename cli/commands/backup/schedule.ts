import { Args, Flags } from '@oclif/core'
import { scheduleIdsOf, type ScheduledWork } from '../../../core/ids.js'
import type { PlanSchedule } from '../../../core/schedule-diff.js'
import type { CompiledPlan } from '../../../plan/compile.js'
import type { ScheduleView } from '../../../operations/schedules.js'
import type { Session } from '../../../operations/session.js'
import { HoldfastError } from '../../../core/errors.js'
import { BaseCommand } from '../../base-command.js'
import { renderSchedules, type ListedSchedule } from '../../output/schedules.js'
import { localTimezone } from '../../output/times.js'
import { connected } from '../../session.js'
import { siteOf } from '../../site.js'

type Change = { readonly set: string } | { readonly to: 'paused' | 'running'; readonly note: string }

export default class BackupSchedule extends BaseCommand {
  static override summary =
    'List schedules with their next and last run; or set, pause and resume those of a plan.'
  static override description =
    '--set edits the plan file (comments and order stay) and applies it; it is about backups, not about verifications. A pause is about both, and lasts until --resume, whatever is applied in between.'
  static override examples = [
    '<%= config.bin %> backup schedule',
    '<%= config.bin %> backup schedule shop --set "0 2 * * *"',
    '<%= config.bin %> backup schedule shop --pause --note "until the move is over"',
    '<%= config.bin %> backup schedule shop --resume',
  ]
  static override args = { plan: Args.string({ description: 'Name of a plan. Default: all.' }) }
  static override flags = {
    set: Flags.string({
      description: 'Five cron fields: minute, hour, day of month, month, day of week.',
      helpValue: 'CRON',
      exclusive: ['pause', 'resume'],
    }),
    pause: Flags.boolean({ description: 'No more runs by itself until --resume.', exclusive: ['resume'] }),
    resume: Flags.boolean({ description: 'Run by itself again.' }),
    note: Flags.string({ description: 'Why: shown in the list.', helpValue: 'TEXT' }),
  }

  async run(): Promise<readonly ListedSchedule[]> {
    const { args, flags } = await this.parse(BackupSchedule)
    const site = await siteOf(flags.config)
    const { allPlans, planNamed } = await import('../../../operations/plans.js')
    const change = changeOf(flags)
    if (change !== undefined && args.plan === undefined) {
      throw new HoldfastError('flag.invalid', '--set, --pause and --resume change one plan: name it.', {
        hint: 'For example: holdfast backup schedule shop --pause',
      })
    }
    const plans = args.plan === undefined ? await allPlans(site) : [await planNamed(site, args.plan)]
    return connected(site, async (session) => {
      const [plan] = plans
      const now =
        change === undefined || plan === undefined ? plans : [await carriedOut(session, plan, change)]
      const listed = await listOf(session, now)
      this.print(renderSchedules(listed, localTimezone()))
      return listed
    })
  }
}

function changeOf(flags: {
  set?: string | undefined
  pause: boolean
  resume: boolean
  note?: string | undefined
}): Change | undefined {
  if (flags.set !== undefined) return { set: flags.set }
  if (flags.pause) return { to: 'paused', note: flags.note ?? 'Paused by holdfast backup schedule --pause.' }
  if (flags.resume)
    return { to: 'running', note: flags.note ?? 'Resumed by holdfast backup schedule --resume.' }
  return undefined
}

/** The plan as it is afterwards. */
async function carriedOut(session: Session, plan: CompiledPlan, change: Change): Promise<CompiledPlan> {
  const { site } = session
  if ('set' in change) {
    const [{ editSchedule, writeSchedule }, { applyPlan }] = await Promise.all([
      import('../../../operations/schedule-edit.js'),
      import('../../../operations/apply.js'),
    ])
    const edit = editSchedule(site, plan, change.set)
    await writeSchedule(edit)
    await applyPlan(session, edit.plan)
    return edit.plan
  }
  const { pausePlan } = await import('../../../operations/apply.js')
  await pausePlan(session, plan.name, change)
  return plan
}

async function listOf(
  { client, site }: Session,
  plans: readonly CompiledPlan[],
): Promise<readonly ListedSchedule[]> {
  const [{ readSchedules }, { scheduleInWords }] = await Promise.all([
    import('../../../operations/schedules.js'),
    import('../../../plan/words.js'),
  ])
  const ids = plans.flatMap(({ name }) => scheduleIdsOf(site.site, name))
  const existing = await readSchedules(client, site.site, ids)
  return plans.flatMap((plan) => {
    const of = (work: ScheduledWork, schedule: PlanSchedule | undefined): ListedSchedule =>
      listed(
        { plan: plan.name, work, ...(schedule === undefined ? {} : { when: scheduleInWords(schedule) }) },
        existing.find((candidate) => candidate.work === work && candidate.plan === plan.name),
      )
    const verification = of('verify', plan.verification?.schedule)
    return [of('backup', plan.schedule), ...(verification.schedule === 'none' ? [] : [verification])]
  })
}

/** What is running wins over what the plan says. */
function listed(
  wanted: Pick<ListedSchedule, 'plan' | 'work' | 'when'>,
  found: ScheduleView | undefined,
): ListedSchedule {
  const missing = wanted.when === undefined ? 'none' : 'not-applied'
  return {
    ...wanted,
    schedule: found === undefined ? missing : found.paused ? 'paused' : 'active',
    ...(found?.note === undefined ? {} : { note: found.note }),
    ...(found?.nextRunAt === undefined ? {} : { nextRunAt: found.nextRunAt }),
    ...(found?.lastRun === undefined ? {} : { lastRun: found.lastRun }),
  }
}
