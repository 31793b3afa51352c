import { mkdtemp, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { HoldfastError } from '../core/errors.js'
import type { Site } from '../core/site.js'
import { compilePlan, type CompiledPlan } from '../plan/compile.js'
import { setSchedule } from '../plan/edit.js'
import { renderIssues } from '../plan/issues.js'
import { readPlan } from '../plan/validate.js'

/** A plan's file with another schedule: checked, but not yet written. */
export interface ScheduleEdit {
  readonly plan: CompiledPlan
  readonly file: string
  readonly before: string
  readonly after: string
}

/** The plan with this cron expression, all else in its file as it is. Fails with `plan.invalid` where it cannot be. */
export function editSchedule(site: Site, plan: CompiledPlan, cron: string): ScheduleEdit {
  const before = plan.job.planText
  const after = setSchedule(before, cron, site.defaults.schedule)
  const { plan: edited, issues } = readPlan(after, plan.file, site)
  if (edited === undefined) {
    throw new HoldfastError('plan.invalid', renderIssues(issues, { [plan.file]: after }), {
      hint: 'Nothing was written: give another expression, such as "30 2 * * *".',
      details: { issues },
    })
  }
  return {
    plan: compilePlan(edited, after, site, plan.file),
    file: resolve(dirname(site.configFile), plan.file),
    before,
    after,
  }
}

/** Replaces the file as one, with its rights and its owner. Refuses when somebody has changed it since it was read. */
export async function writeSchedule({ file, before, after }: ScheduleEdit): Promise<void> {
  // A plan that is a link stays one.
  const target = await realpath(file)
  if ((await readFile(target, 'utf8')) !== before) {
    throw new HoldfastError('object.conflict', `${file} was changed in the meantime; nothing was written.`, {
      hint: 'Look at it, and repeat the command.',
    })
  }
  if (before === after) return
  const { mode, uid, gid } = await stat(target)
  // A folder of our own on the same file system: nobody can have put a link where we write.
  const scratch = await mkdtemp(join(dirname(target), '.holdfast-'))
  try {
    const temporary = join(scratch, 'plan.yaml')
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(after)
      await handle.chown(uid, gid).catch(() => undefined)
      await handle.chmod(mode & 0o777)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, target)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
