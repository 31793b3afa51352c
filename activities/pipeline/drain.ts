import { Writable, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Reads a stream to its end, for what it says there. */
export const drain = (body: Readable, signal: AbortSignal): Promise<void> =>
  pipeline(body, new Writable({ write: (_chunk, _encoding, done) => done() }), { signal })
