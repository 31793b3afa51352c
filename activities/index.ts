import type { Activities } from './activities.js'
import { captureActivities } from './capture.js'
import { expireActivities } from './expire.js'
import { findKeyRunsActivities } from './find-key-runs.js'
import { findKeysActivities } from './find-keys.js'
import { holdActivities } from './hold.js'
import { leaseActivities } from './lease.js'
import { listActivities } from './list.js'
import { markActivities } from './mark.js'
import { nextRunActivities } from './next-run.js'
import { preflightActivities } from './preflight.js'
import { publishActivities } from './publish.js'
import { replicateActivities } from './replicate.js'
import { rehearseActivities } from './rehearse.js'
import { restoreActivities } from './restore.js'
import { rewrapActivities } from './rewrap.js'
import type { Tools } from './tools.js'
import { tryDestinationActivities } from './try-destination.js'
import { uploadActivities } from './upload.js'
import { verifyActivities } from './verify.js'

/** Every verb, bound to the world it works on. */
export const createActivities = (tools: Tools): Activities => ({
  ...holdActivities(tools),
  ...leaseActivities(tools),
  ...nextRunActivities(tools),
  ...preflightActivities(tools),
  ...captureActivities(tools),
  ...uploadActivities(tools),
  ...publishActivities(tools),
  ...replicateActivities(tools),
  ...expireActivities(tools),
  ...rewrapActivities(tools),
  ...verifyActivities(tools),
  ...listActivities(tools),
  ...findKeysActivities(tools),
  ...findKeyRunsActivities(tools),
  ...tryDestinationActivities(tools),
  ...markActivities(tools),
  ...rehearseActivities(tools),
  ...restoreActivities(tools),
})
