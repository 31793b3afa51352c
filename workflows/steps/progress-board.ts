import { setCurrentDetails, setHandler } from '@temporalio/workflow'
import type { CopyState, HoldProgress, RunProgress, SourceProgress } from '../../core/messages.js'
import { formatBytes, formatDuration } from '../../core/units.js'
import { progressQuery } from './signals.js'

type Phase = RunProgress['phase']

/** What a person sees of a run while it runs: the `progress` query, and the details in Temporal's UI. */
export interface ProgressBoard {
  readonly enter: (phase: Phase) => void
  /** For whom we wait; nobody: back to the phase before. */
  readonly wait: (behind: readonly string[]) => void
  readonly source: (name: string, change: Partial<Omit<SourceProgress, 'name'>>) => void
  readonly hold: (progress: HoldProgress) => void
  readonly copy: (state: CopyState) => void
  /** A sentence about what is odd and does not stop the run. */
  readonly warn: (warning: string) => void
  readonly warnings: () => readonly string[]
  /** Replaces the details: for the end of a run. */
  readonly conclude: (markdown: string) => void
}

export function progressBoard(
  title: string,
  backupId: string,
  sources: readonly { readonly name: string; readonly type: string }[],
): ProgressBoard {
  let progress: RunProgress = {
    phase: 'starting',
    backupId,
    sources: sources.map(({ name, type }) => ({ name, type, state: 'pending', attempt: 1 })),
    holds: [],
  }
  let before: Phase = 'starting'
  const show = (change: Partial<RunProgress>) => {
    progress = { ...progress, ...change }
    setCurrentDetails(detailsOf(title, progress))
  }
  setHandler(progressQuery, () => progress)
  show({})
  return {
    enter: (phase) => show({ phase }),
    wait: (waitingFor) => {
      if (progress.phase !== 'waiting') before = progress.phase
      show(waitingFor.length > 0 ? { phase: 'waiting', waitingFor } : { phase: before, waitingFor })
    },
    source: (name, change) =>
      show({
        sources: progress.sources.map((source) => (source.name === name ? { ...source, ...change } : source)),
      }),
    hold: (change) =>
      show({ phase: phaseOf(change, progress.phase), holds: withHold(progress.holds, change) }),
    copy: (state) =>
      show({
        copies: [
          ...(progress.copies ?? []).filter(({ destination }) => destination !== state.destination),
          state,
        ],
      }),
    warn: (warning) => show({ warnings: [...(progress.warnings ?? []), warning] }),
    warnings: () => progress.warnings ?? [],
    conclude: (markdown) => {
      progress = { ...progress, phase: 'done' }
      setCurrentDetails(`**${title}**\n\n${markdown}`)
    },
  }
}

const phaseOf = ({ state }: HoldProgress, phase: Phase): Phase =>
  state === 'stopping' ? 'stopping' : state === 'starting' ? 'starting-services' : phase

function withHold(holds: readonly HoldProgress[], change: HoldProgress): readonly HoldProgress[] {
  const known = holds.find(({ service }) => service === change.service)
  if (known === undefined) return [...holds, change]
  // A new stop begins anew; otherwise what was said before still holds.
  const next = change.state === 'stopping' ? change : { ...known, ...change }
  return holds.map((hold) => (hold === known ? next : hold))
}

function detailsOf(title: string, progress: RunProgress): string {
  const { phase, waitingFor, sources, holds, copies = [], warnings = [] } = progress
  const now = waitingFor?.length ? `waiting for ${waitingFor.join(', ')}` : phase
  const lines = [
    ...sources.map(
      ({ name, type, state, plainBytes }) =>
        `- ${name} (${type}): ${state}${plainBytes === undefined ? '' : `, ${formatBytes(plainBytes)}`}`,
    ),
    ...holds.map(
      ({ service, state, downtimeMs }) =>
        `- ${service}: ${state}${downtimeMs === undefined ? '' : ` after ${formatDuration(downtimeMs)}`}`,
    ),
    ...copies.map(({ destination, state }) => `- copies at ${destination}: ${state}`),
    ...warnings.map((warning) => `- ${warning}`),
  ]
  return `**${title}**: ${now}\n\n${lines.join('\n')}`
}
