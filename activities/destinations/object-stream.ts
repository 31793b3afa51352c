import { Readable, addAbortSignal } from 'node:stream'

/**
 * A body made of pieces, none of which is empty. `onClose` is called once, when the stream is over or nobody wants more of
 * it, also while the next piece is on its way: `Readable.from` would wait for that.
 */
export function objectStream(
  pieces: AsyncIterator<Buffer, void>,
  { signal, onClose }: { signal: AbortSignal; onClose: () => void },
): Readable {
  const stream = new Readable({
    read() {
      pieces.next().then(
        ({ done, value }) => void this.push(done === true ? null : value),
        (error: unknown) => void this.destroy(error as Error),
      )
    },
    destroy(error, callback) {
      onClose()
      callback(error)
    },
  })
  return addAbortSignal(signal, stream)
}
