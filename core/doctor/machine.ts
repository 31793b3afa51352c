import { counted, formatBytes } from '../units.js'
import { failedFinding, fine, type Finding } from './finding.js'
import type { KeyFacts, RuntimeFacts, SecretFacts, StateFolderFacts, ToolFacts } from './this-host.js'
import { secretInWords, type WantedTool } from './wanted.js'

/** Below this the embedded Temporal stops working, and the journal cannot be written: then nothing is stopped, and nothing is backed up. */
const LEAST_STATE_BYTES = 100 * 2 ** 20
const LITTLE_STATE_BYTES = 2 ** 30
const OTHERS = 0o077

/** The folder of journal, alarms and embedded Temporal. */
export function judgeStateFolder({ path, folder, userId }: StateFolderFacts): readonly Finding[] {
  if (folder === undefined)
    return [fine('rights', `The state folder ${path} is not there yet: \`holdfast up\` makes it.`)]
  const { mode, ownerId, isWritable } = folder
  const rights: Finding[] = []
  if (userId >= 0 && ownerId !== userId) {
    rights.push({
      ...{ area: 'rights', severity: 'warning' },
      what: `The state folder ${path} belongs to user ${ownerId}, and this is user ${userId}.`,
      why: 'What this command tries itself, it tries with other rights and another environment than the agent.',
      mend: `Run doctor as that user: sudo --user='#${ownerId}' holdfast doctor`,
    })
  } else if (!isWritable) {
    rights.push({
      ...{ area: 'rights', severity: 'problem' },
      what: `The state folder ${path} cannot be written.`,
      why: 'Nothing is stopped without an entry in the journal, which lies there.',
      mend: `Is its disk mounted read-only? Else: chmod u+rwx ${path}`,
    })
  }
  if ((mode & OTHERS) !== 0) {
    rights.push({
      ...{ area: 'rights', severity: 'warning' },
      what: `Others can look into the state folder ${path} (mode ${mode.toString(8)}).`,
      why: 'It says what is backed up, and where to; Temporal’s database is in it.',
      mend: `chmod go-rwx ${path}`,
    })
  }
  return [
    ...(rights.length === 0 ? [fine('rights', `The state folder ${path} is ours alone.`)] : rights),
    judgeStateSpace(path, folder.freeBytes),
  ]
}

function judgeStateSpace(path: string, freeBytes: number): Finding {
  if (freeBytes >= LITTLE_STATE_BYTES)
    return fine('space', `The state folder has ${formatBytes(freeBytes)} free.`)
  return {
    area: 'space',
    severity: freeBytes < LEAST_STATE_BYTES ? 'problem' : 'warning',
    what: `The disk of the state folder has ${formatBytes(freeBytes)} left.`,
    why: 'Where the journal and Temporal’s database cannot be written, nothing is backed up.',
    mend: `Make room there: df -h ${path}`,
  }
}

const TOOLS: Readonly<Record<WantedTool, string>> = {
  tar: 'GNU tar',
  postgres: 'PostgreSQL’s programs',
  mysql: 'MySQL’s or MariaDB’s programs',
  sqlite: 'SQLite',
  docker: 'Docker',
  systemd: 'systemd',
  lxc: 'LXC',
}

/** Programs that plans of this host need. */
export const judgeTools = (tools: readonly ToolFacts[]): readonly Finding[] =>
  tools.map(({ tool, plans, found }) =>
    'value' in found
      ? fine('tools', `${TOOLS[tool]}: ${found.value}.`)
      : failedFinding(
          {
            ...{ area: tool === 'docker' ? 'rights' : 'tools', severity: 'problem' },
            why: `${TOOLS[tool]} is needed by ${plansInWords(plans)}.`,
          },
          found.failed,
        ),
  )

/** Countries change their clocks several times a year; with such old data, local times may be off by an hour. */
const OLD_ZONE_YEARS = 3

/** What Holdfast itself brings or runs on; `now` only tells how old the data of time zones is. */
export function judgeRuntime(runtime: RuntimeFacts, now: Date): readonly Finding[] {
  const { node, zstd, zoneData, unknownZones } = runtime
  const year = Number(zoneData?.slice(0, 4))
  const isOld = now.getUTCFullYear() - year > OLD_ZONE_YEARS
  const clocks: readonly Finding[] = [
    ...unknownZones.map((zone): Finding => ({
      ...{ area: 'clock', severity: 'problem' },
      what: `This Node knows no time zone "${zone}".`,
      why: 'Nobody can say when a plan in that zone runs, or which day a backup belongs to.',
      mend: 'Install a Node with full ICU, as nodejs.org and Debian build it.',
    })),
    ...(isOld
      ? [
          {
            ...({ area: 'clock', severity: 'warning' } as const),
            what: `The time zone data is of ${year}.`,
            why: 'Where clocks are set by other rules since, times that Holdfast shows are an hour off.',
            mend: 'Install a newer Node.',
          },
        ]
      : []),
  ]
  return [
    fine('tools', `Node ${node}; zstd: ${zstd}.`),
    ...(clocks.length > 0 ? clocks : [fine('clock', `Time zone data: ${zoneData ?? 'there'}.`)]),
  ]
}

/** `users`: plans of this host by the keys that they name. */
export function judgeKeys(
  keys: readonly KeyFacts[],
  users: ReadonlyMap<string, readonly string[]>,
): readonly Finding[] {
  const broken = keys.flatMap(({ name, problem }): readonly Finding[] => {
    if (problem === undefined) return []
    const plans = users.get(name) ?? []
    return [
      {
        area: 'keys',
        severity: plans.length === 0 ? 'warning' : 'problem',
        what: `Key "${name}": ${problem}`,
        why:
          plans.length === 0
            ? 'No plan of this host uses it.'
            : `It encrypts the backups of ${plansInWords(plans)}.`,
        mend: 'See: holdfast key list',
      },
    ]
  })
  const good = keys.length - broken.length
  return good === 0
    ? broken
    : [...broken, fine('keys', `${counted(good, 'key')} can be used, and nobody else reads them.`)]
}

export function judgeSecrets(secrets: readonly SecretFacts[]): readonly Finding[] {
  const broken = secrets.flatMap(({ wish, resolved }) =>
    'value' in resolved
      ? []
      : [
          failedFinding(
            {
              ...{ area: 'secrets', severity: 'problem' },
              why: `${secretInWords(wish.reference)} is needed by ${wish.usedBy.join(', ')}.`,
            },
            resolved.failed,
          ),
        ],
  )
  const good = secrets.length - broken.length
  return good === 0
    ? broken
    : [...broken, fine('secrets', `${counted(good, 'secret')} can be resolved here.`)]
}

const plansInWords = (plans: readonly string[]): string =>
  `${plans.length === 1 ? 'plan' : 'plans'} ${plans.join(', ')}`
