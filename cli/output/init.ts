import ansis from 'ansis'
import type { Draft } from '../../worker/init/draft.js'
import type { SeenMachine } from '../../plan/propose/facts.js'
import { counted } from '../../core/units.js'
import { renderTable } from './table.js'
import { oneLine } from './text.js'

type Plan = Draft['plans'][number]

/** What was seen, what is proposed for it, and what is left out, with the reasons. */
export function renderDraft({ plans, leftOut }: Draft, machine: SeenMachine): string {
  const { containers, servers, sqlite, dockerProblem } = machine
  const seen = [
    counted(containers.length, 'container'),
    counted(servers.length, 'database server') + ' on the host',
    counted(sqlite.length, 'SQLite file'),
  ]
  const notes = [...plans.flatMap((plan) => plan.leftOut), ...leftOut]
  return [
    `Seen: ${seen.join(', ')}.${dockerProblem === undefined ? '' : ` Not Docker: ${oneLine(dockerProblem)}`}`,
    plans.length === 0 ? NOTHING_FOUND : renderPlans(plans),
    ...(notes.length === 0 ? [] : [['Left out:', ...notes.map((note) => `  ${oneLine(note)}`)].join('\n')]),
  ].join('\n\n')
}

const NOTHING_FOUND =
  'Nothing was found to propose a plan for. Files and folders are for you to name: write plans/NAME.yaml as docs/getting-started.md shows it, or look for SQLite files with --look-in FOLDER.'

const renderPlans = (plans: readonly Plan[]): string =>
  renderTable<Plan>(
    [
      { head: 'PLAN', cell: ({ name }) => name },
      { head: 'WHAT', cell: ({ description }) => description },
      {
        head: 'READS',
        cell: ({ sources }) => sources.map(({ name, source }) => `${name} (${source.type})`).join(', '),
      },
      { head: 'STOPS MEANWHILE', cell: ({ hold }) => hold?.services.map(String).join(', ') ?? 'nothing' },
    ],
    plans,
  )

/** What only a person can do, then the commands that come next. */
export function renderNext({ plans, files }: Draft, folder: string): string {
  const toDo = plans.flatMap((plan) => plan.toDo)
  return [
    ['Written:', ...files.map(({ path }) => `  ${oneLine(`${folder}/${path}`)}`)].join('\n'),
    ...(toDo.length === 0
      ? []
      : [['Before the first backup:', ...toDo.map((one) => `  ${oneLine(one)}`)].join('\n')]),
    ['Next:', ...nextCommands(plans).map((command) => `  ${ansis.bold(command)}`)].join('\n'),
  ].join('\n\n')
}

/** Start, check, back up: before the start, that nothing runs would be a problem. Without a plan, the first is to check the one that was written. */
export const nextCommands = ([plan]: readonly Plan[]): readonly string[] => [
  ...(plan === undefined ? ['holdfast plan validate'] : []),
  'holdfast up --detach && holdfast plan apply',
  'holdfast doctor',
  ...(plan === undefined ? [] : [`holdfast backup create ${plan.name}`]),
]
