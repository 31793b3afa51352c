import { Document, isMap, type YAMLMap } from 'yaml'
import type { ProposedPlan } from './proposal.js'

export interface RenderOptions {
  /** Folder with the schemas, for editors. */
  readonly schemas: string
  readonly timezone: string
}

/** Between four and six in the morning, some minutes apart: clocks are set earlier, and people get up later. */
const FIRST_HOUR = 4
const MINUTES_APART = 7
const MINUTES = 120

/** The text of a plan file, with its reasons as comments. `index` sets its time apart from those of others. */
export function renderPlan(plan: ProposedPlan, index: number, { schemas, timezone }: RenderOptions): string {
  const minute = (index * MINUTES_APART) % MINUTES
  const document = new Document({
    version: 1,
    plan: plan.name,
    description: plan.description,
    schedule: { cron: `${minute % 60} ${FIRST_HOUR + Math.floor(minute / 60)} * * *`, timezone },
    ...(plan.hold === undefined ? {} : { hold: plan.hold }),
    sources: Object.fromEntries(plan.sources.map(({ name, source }) => [name, source])),
  })
  document.commentBefore = comment([`yaml-language-server: $schema=${schemas}/plan.schema.json`])
  const root = document.contents
  if (isMap(root)) {
    commentOn(root, 'hold', plan.holdBecause)
    const sources = root.get('sources')
    if (isMap(sources)) {
      for (const { name, because } of plan.sources) commentOn(sources, name, because)
    }
  }
  if (plan.leftOut.length > 0)
    document.comment = comment(['Left out on purpose:', ...plan.leftOut.map((one) => `- ${one}`)])
  return document.toString({ lineWidth: 0 })
}

export interface ProposedConfig {
  readonly destination: string
  /** Of the key that is proposed. */
  readonly keyFile: string
}

/** The text of holdfast.yaml: one destination, and what all plans share. */
export function renderConfig({ destination, keyFile }: ProposedConfig, { schemas }: RenderOptions): string {
  const document = new Document({
    version: 1,
    plans: ['plans/*.yaml'],
    destinations: { disk: { type: 'local', path: destination } },
    defaults: {
      destinations: ['disk'],
      retention: { keepLast: 7, keepDaily: 14, keepWeekly: 8, keepMonthly: 12 },
      objectives: { freshness: '30h' },
    },
  })
  document.commentBefore = comment([`yaml-language-server: $schema=${schemas}/config.schema.json`])
  const root = document.contents
  if (isMap(root)) {
    commentOn(root, 'destinations', [
      'One disk is no backup of itself: add another place (docs/destinations.md), and name it below.',
      `To encrypt: keys: { main: { type: file, path: ${keyFile} } }, then \`holdfast key create main\` (docs/encryption.md).`,
    ])
    commentOn(root, 'defaults', ['What all plans have that do not say otherwise.'])
  }
  return document.toString({ lineWidth: 0 })
}

/** Before the key of an entry. */
function commentOn(map: YAMLMap, name: string, lines: readonly string[]): void {
  const pair = map.items.find(({ key }) => (key as { value?: unknown }).value === name)
  if (pair === undefined || lines.length === 0) return
  ;(pair.key as { commentBefore?: string }).commentBefore = comment(lines)
}

const comment = (lines: readonly string[]): string =>
  lines.map((line) => ` ${line.replace(/[\r\n]+/g, ' ')}`).join('\n')
