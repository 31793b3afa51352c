/** Calls `onSilence` when the plugin, which it is the turn of, says and takes nothing for the limit. */
export class Silence {
  readonly #limitMs: number
  readonly #onSilence: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(limitMs: number, onSilence: () => void) {
    this.#limitMs = limitMs
    this.#onSilence = onSilence
  }

  /** It is the plugin's turn, from now on. */
  expect(): void {
    this.rest()
    this.#timer = setTimeout(this.#onSilence, this.#limitMs)
  }

  /** The plugin said something. */
  heard(): void {
    this.#timer?.refresh()
  }

  /** It is our turn. */
  rest(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
