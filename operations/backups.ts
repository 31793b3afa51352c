import type { BackupSummary } from '../core/backup.js'
import { mergeCopies, type BackupCopy, type ListedBackup } from '../core/copies.js'
import { isSealed } from '../core/encrypted-manifest.js'
import { HoldfastError } from '../core/errors.js'
import type { BackupFilter, BackupReference, LocatedBackup } from '../core/work/catalog.js'
import { askHost, askHosts, type Asker } from './questions.js'
import type { Session } from './session.js'

export interface BackupList {
  /** Oldest first; one that is at several destinations is one of them. */
  readonly backups: readonly ListedBackup[]
  /** Destinations, manifests and hosts that could not be read, each in a sentence. */
  readonly problems: readonly string[]
}

export interface FoundCopy extends BackupCopy {
  /** The host whose worker reaches it. */
  readonly reachedFrom: string
}

/** A backup, and the host whose worker reaches it. */
export interface FoundBackup extends LocatedBackup {
  readonly reachedFrom: string
  readonly copies: readonly FoundCopy[]
}

/** Pages of one host; more than anybody has, so that a worker that answers in circles cannot keep us. */
const MAX_PAGES = 1000

/**
 * What backups there are, from the manifests at the destinations of all hosts. A host that does not answer is a problem
 * beside the list, or the failure when no host answers.
 */
export async function listBackups(
  session: Session,
  hosts: readonly string[],
  filter: BackupFilter,
): Promise<BackupList> {
  const { answers, failures } = await askHosts(hosts, (host) => listOfHost(session, host, filter))
  const [first] = failures
  if (answers.length === 0 && first !== undefined) throw first.error
  // A destination that several hosts see (a network mount) shows its backups to each of them.
  const unique = new Map(
    answers
      .flatMap(({ answer }) => answer.backups)
      .map((backup) => [`${backup.destination}/${backup.id}`, backup]),
  )
  return {
    backups: mergeCopies([...unique.values()], Object.keys(session.site.destinations)),
    problems: [
      ...new Set(answers.flatMap(({ answer }) => answer.problems)),
      ...failures.map(({ host, error }) => `Host "${host}" was not asked: ${error.message}`),
    ],
  }
}

async function listOfHost(
  asker: Asker,
  host: string,
  filter: BackupFilter,
): Promise<{ readonly backups: readonly BackupSummary[]; readonly problems: readonly string[] }> {
  const backups: BackupSummary[] = []
  const problems = new Set<string>()
  let after: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await askHost(asker, host, 'listBackups', {
      filter,
      ...(after === undefined ? {} : { after }),
    })
    backups.push(...answer.backups)
    for (const problem of answer.problems) problems.add(problem)
    if (answer.next === undefined) return { backups, problems: [...problems] }
    after = answer.next
  }
  throw new HoldfastError('destination.unavailable', `The list of backups of host "${host}" has no end.`, {
    hint: 'Narrow it with --plan, --destination or --since.',
  })
}

/**
 * One backup by its id or a unique beginning of it, from whichever host reaches it. Fails with `backup.not-found`,
 * `backup.ambiguous`, `backup.corrupt`.
 */
export async function findBackup(
  asker: Asker,
  hosts: readonly string[],
  reference: BackupReference,
): Promise<FoundBackup> {
  const { answers, failures } = await askHosts(hosts, (host) => askHost(asker, host, 'showBackup', reference))
  const found = answers.map(({ host, answer }) => ({ ...answer, ...reachedFrom(host, answer.copies) }))
  const ids = new Set(found.map(({ manifest }) => manifest.id))
  if (ids.size > 1) {
    throw new HoldfastError(
      'backup.ambiguous',
      `"${reference.backupId}" is the beginning of ${ids.size} backups.`,
      {
        hint: `Give more of it: ${[...ids].join(', ')}.`,
      },
    )
  }
  // A host that has its key can do more with it; the host that it was taken on knows the places that it came from.
  const opened = found.filter(({ manifest }) => !isSealed(manifest))
  const able = opened.length > 0 ? opened : found
  const best = able.find(({ manifest, reachedFrom }) => manifest.host.name === reachedFrom) ?? able[0]
  if (best !== undefined) {
    const elsewhere = found.flatMap(({ copies }) => copies).filter(isNotAmong(best.copies))
    const unique = new Map(elsewhere.map((copy) => [copy.destination, copy]))
    return { ...best, copies: [...best.copies, ...unique.values()] }
  }
  throw mostTelling(failures.map(({ error }) => error))
}

const reachedFrom = (host: string, copies: readonly BackupCopy[]) => ({
  reachedFrom: host,
  copies: copies.map((copy): FoundCopy => ({ ...copy, reachedFrom: host })),
})

const isNotAmong =
  (copies: readonly BackupCopy[]) =>
  ({ destination }: BackupCopy): boolean =>
    !copies.some((copy) => copy.destination === destination)

/** "Not here" says less than why another host could not look. */
function mostTelling(errors: readonly HoldfastError[]): Error {
  const [first] = errors
  return (
    errors.find(({ code }) => code !== 'backup.not-found') ??
    first ??
    new Error('Impossible: no host was asked')
  )
}
