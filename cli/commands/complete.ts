import { Args } from '@oclif/core'
import { HoldfastError } from '../../core/errors.js'
import { BaseCommand } from '../base-command.js'
import { linesFor, SHELLS, type Shell } from '../completion/scripts.js'
import type { Candidate, ValueKind } from '../completion/shape.js'
import { siteOf } from '../site.js'

/** A shell that waits longer seems to hang. */
const PATIENCE_MS = 3000

export default class Complete extends BaseCommand {
  static override hidden = true
  static override summary = 'Answer a shell that asks at Tab: see `completion`.'
  static override strict = false
  static override args = {
    shell: Args.string({ description: 'Who asks.', required: true, options: [...SHELLS] }),
  }

  async run(): Promise<never> {
    const { argv } = await this.parse(Complete)
    const [shell, ...words] = argv as [Shell, ...string[]]
    const candidates = await Promise.race([this.#candidates(words), this.#patience()])
    const text = linesFor(shell, candidates).map((line) => `${line}\n`)
    await new Promise((resolve) => process.stdout.write(text.join(''), resolve))
    // A server that does not answer must keep neither the shell nor us.
    return process.exit(0)
  }

  async #candidates(words: readonly string[]): Promise<readonly Candidate[]> {
    const { placeOf, beginning } = await import('../completion/place.js')
    const { commands } = this.config
    const topics = Object.fromEntries(this.config.topics.map(({ name, description }) => [name, description]))
    const place = placeOf(words, { commands, topics })
    if (place.kind === 'words') return place.candidates
    const typed = words.at(-1) ?? ''
    return beginning(await this.#values(place.of, words, typed), typed)
  }

  /** Without a configuration, with a broken one, without Temporal: there is nothing to complete, and nobody to tell. */
  async #values(kind: ValueKind, words: readonly string[], typed: string): Promise<readonly Candidate[]> {
    const { valuesOf } = await import('../completion/values.js')
    const after = words.indexOf('--config')
    const config = after === -1 ? undefined : words[after + 1]
    try {
      return await valuesOf(kind, { typed, now: this.clock(), site: () => siteOf(config) })
    } catch (error) {
      if (error instanceof HoldfastError) return []
      throw error
    }
  }

  async #patience(): Promise<readonly Candidate[]> {
    const { setTimeout: delay } = await import('node:timers/promises')
    return delay(PATIENCE_MS, [])
  }
}
