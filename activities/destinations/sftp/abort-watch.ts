/** Tells many waiting requests of one abort, with one listener: Node takes more than ten on a signal for a leak. */
export class AbortWatch {
  readonly #waiting = new Map<AbortSignal, { told: Set<() => void>; listener: () => void }>()

  /** Calls `tell` when the signal aborts, until the function that is returned was called. */
  add(signal: AbortSignal, tell: () => void): () => void {
    const { told } = this.#waiting.get(signal) ?? this.#listen(signal)
    told.add(tell)
    return () => {
      told.delete(tell)
      if (told.size === 0) this.#forget(signal)
    }
  }

  #listen(signal: AbortSignal) {
    const told = new Set<() => void>()
    const listener = () => {
      for (const tell of told) tell()
    }
    signal.addEventListener('abort', listener, { once: true })
    const entry = { told, listener }
    this.#waiting.set(signal, entry)
    return entry
  }

  #forget(signal: AbortSignal): void {
    const entry = this.#waiting.get(signal)
    if (entry?.told.size !== 0) return
    signal.removeEventListener('abort', entry.listener)
    this.#waiting.delete(signal)
  }
}
