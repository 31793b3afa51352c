import { HoldfastError } from '../core/errors.js'
import { workflowIds } from '../core/ids.js'
import {
  planRotation,
  type RotationHost,
  type RotationJob,
  type RotationPlan,
  type ToldKey,
} from '../core/rotation.js'
import type { RotationReport } from '../core/rotation-steps.js'
import { didYouMean } from '../core/suggest.js'
import { renderIssues } from '../plan/issues.js'
import { placesNamingKey, type KeyNamingFile } from '../plan/named-keys.js'
import { loadPlans, requirePlans } from '../site/plans.js'
import { readOwnText } from '../site/read-text.js'
import type { RotateRunInput } from '../workflows/rotate-run.js'
import { diffPlans } from './apply.js'
import { hostsOf } from './plans.js'
import { askHost, askHosts } from './questions.js'
import { startRun, type StartedRun } from './runs.js'
import type { Session } from './session.js'

/** Names of keys in holdfast.yaml. */
export interface KeyChange {
  readonly from: string
  readonly to: string
}

/** A rotation that was looked into, but not begun. */
export interface PreparedRotation {
  readonly job: RotationJob
  readonly plan: RotationPlan
  /** Hosts and places that could not be looked at, each in a sentence. */
  readonly problems: readonly string[]
}

/**
 * Finds out what is wrapped by the key that goes, and who rewraps it, without touching anything. Fails with `flag.invalid`
 * where the two keys are one, with `key.in-use` while plans or schedules encrypt for the one that goes, and with
 * `key.not-found` where a key is not on the host that has to use it.
 */
export async function prepareRotation(session: Session, change: KeyChange): Promise<PreparedRotation> {
  const { site } = session
  for (const name of [change.from, change.to]) requireDescribed(session, name)
  if (change.from === change.to)
    throw new HoldfastError('flag.invalid', `"${change.from}" cannot replace itself.`, {
      hint: 'Name the key that goes, then the one that comes.',
    })
  const loaded = await loadPlans(site)
  const plans = requirePlans(loaded)
  await requireUnnamed(session, change, loaded.texts)
  await requireApplied(session, change)
  const { told, problems } = await tellKeys(session, hostsOf(site, plans), change)
  const hosts = told.map(({ host, keys }) => rotationHost(host, keys))
  requireTwoKeys(told, hosts, change)
  const planHosts = Object.fromEntries(plans.map(({ name, host }) => [name, host]))
  const job: RotationJob = { ...change, site: site.site, hosts, planHosts }
  const keyIds = [...new Set(hosts.flatMap(({ fromId }) => fromId ?? []))]
  const { answers, failures } = await askHosts(
    hosts.map(({ host }) => host),
    (host) => askHost(session, host, 'findKeyUses', { keyIds }),
  )
  const plan = planRotation(
    job,
    answers.map(({ answer }) => answer),
  )
  requireKeysWhereNeeded(plan, told)
  return {
    job,
    plan,
    problems: [
      ...problems,
      ...answers.flatMap(({ answer }) => answer.problems),
      ...failures.map(({ host, error }) => `Host "${host}" was not asked: ${error.message}`),
    ],
  }
}

/** Starts it. The worker looks again: what was made since is found there. Fails with `lock.taken`. */
export const startRotation = (
  { client }: Session,
  { job }: PreparedRotation,
): Promise<StartedRun<RotationReport>> => {
  const argument: RotateRunInput = job
  return startRun(client, {
    workflow: 'rotateRun',
    workflowId: workflowIds.rotate(job.from),
    argument,
    summary: `Rotation of key ${job.from} to ${job.to}`,
    attributes: { site: job.site, host: job.hosts[0]?.host, kind: 'rotate' },
  })
}

function requireDescribed({ site: { keys, configFile } }: Session, name: string): void {
  if (Object.hasOwn(keys, name)) return
  throw new HoldfastError('key.not-found', `There is no key "${name}" in ${configFile}.`, {
    hint:
      didYouMean(name, Object.keys(keys)) ??
      'Both keys must be there: the old one opens what the new one then wraps.',
  })
}

/** New backups for the key that goes would need another rotation. */
async function requireUnnamed(
  { site: { configFile } }: Session,
  change: KeyChange,
  texts: Readonly<Record<string, string>>,
): Promise<void> {
  const configuration = await readOwnText(configFile)
  const files: KeyNamingFile[] = [
    { what: 'configuration', file: configFile, text: configuration },
    ...Object.entries(texts).map(([file, text]) => ({ what: 'plan' as const, file, text })),
  ]
  const issues = placesNamingKey(files, change)
  if (issues.length === 0) return
  throw new HoldfastError('key.in-use', renderIssues(issues, { ...texts, [configFile]: configuration }), {
    hint: `Change that, restart the agents where holdfast.yaml was changed, run \`holdfast plan apply\`, then rotate.`,
    details: { issues },
  })
}

/** A schedule keeps to the plan that it was made from. */
async function requireApplied(session: Session, { from }: KeyChange): Promise<void> {
  const [change] = (await diffPlans(session)).filter(({ kind }) => kind !== 'keep')
  if (change === undefined) return
  throw new HoldfastError(
    'key.in-use',
    `Schedules are not what the plans say (that of ${change.plan}, for one): they may make new backups for "${from}".`,
    { hint: 'Run `holdfast plan apply`, then rotate.' },
  )
}

interface ToldKeys {
  readonly host: string
  /** First the one that goes. */
  readonly keys: readonly ToldKey[]
}

/** The hosts that answer, this one first. */
async function tellKeys(
  session: Session,
  hosts: readonly string[],
  { from, to }: KeyChange,
): Promise<{ readonly told: readonly ToldKeys[]; readonly problems: readonly string[] }> {
  const { answers, failures } = await askHosts(hosts, (host) =>
    askHost(session, host, 'tellKeys', [from, to]),
  )
  const [first] = failures
  if (answers.length === 0 && first !== undefined) throw first.error
  return {
    told: answers.map(({ host, answer }) => ({ host, keys: answer })),
    problems: failures.map(({ host, error }) => `Host "${host}" was not asked: ${error.message}`),
  }
}

function rotationHost(host: string, [from, to]: readonly ToldKey[]): RotationHost {
  return {
    host,
    ...(from?.keyId === undefined ? {} : { fromId: from.keyId }),
    ...(to?.keyId === undefined ? {} : { toId: to.keyId }),
  }
}

/** Somewhere both must be, and be two. */
function requireTwoKeys(
  told: readonly ToldKeys[],
  hosts: readonly RotationHost[],
  { from, to }: KeyChange,
): void {
  for (const [index, name] of [from, to].entries())
    if (told.every(({ keys }) => keys[index]?.keyId === undefined)) throw notThere(told[0], name)
  const same = hosts.find(({ fromId, toId }) => fromId !== undefined && fromId === toId)
  if (same === undefined) return
  throw new HoldfastError('flag.invalid', `On host "${same.host}", "${from}" and "${to}" are the same key.`, {
    hint: `Make a new one: name another file for "${to}" in holdfast.yaml, then \`holdfast key create ${to}\`.`,
  })
}

function requireKeysWhereNeeded({ stranded: [first] }: RotationPlan, told: readonly ToldKeys[]): void {
  if (first === undefined) return
  const { plan, destination, backups, because } = first
  const reasons = told.flatMap(({ keys }) => keys.flatMap(({ problem }) => problem ?? []))
  throw new HoldfastError(
    'key.not-found',
    `${backups} of the backups of "${plan}" at "${destination}" cannot be rotated: ${because}. ${reasons[0] ?? ''}`.trim(),
    {
      hint: 'Bring both keys to that host, name them under `keys:` of its holdfast.yaml, and restart its agent.',
    },
  )
}

const notThere = (told: ToldKeys | undefined, name: string): HoldfastError =>
  new HoldfastError(
    'key.not-found',
    told?.keys.find((key) => key.name === name)?.problem ?? `No host has the key "${name}".`,
    {
      hint: `Bring it to host "${told?.host ?? ''}", or make it with \`holdfast key create ${name}\`; then restart the agent.`,
    },
  )
