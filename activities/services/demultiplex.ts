import { Readable, type Duplex } from 'node:stream'

const HEADER_BYTES = 8
const STDERR = 2
/** Counted, not joined: see `CommandOutput`. */
const CHUNKS_AHEAD = 4

/**
 * Splits what Docker sends of a command: frames of eight bytes (stream, three zeros, length) and content.
 * The connection is read only as fast as standard output is: a slow reader holds the command back.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
 */
export function demultiplex(connection: Duplex): { stdout: Readable; stderr: Readable } {
  const stdout = new Readable({
    objectMode: true,
    highWaterMark: CHUNKS_AHEAD,
    read: () => void connection.resume(),
  })
  const stderr = new Readable({ read: () => undefined })
  const header = Buffer.alloc(HEADER_BYTES)
  let headerBytes = 0
  let contentBytes = 0

  const take = (chunk: Buffer) => {
    let rest = chunk
    while (rest.length > 0) {
      if (contentBytes === 0) {
        const copied = rest.copy(header, headerBytes)
        headerBytes += copied
        rest = rest.subarray(copied)
        if (headerBytes < HEADER_BYTES) return
        headerBytes = 0
        contentBytes = header.readUInt32BE(4)
        continue
      }
      const content = rest.subarray(0, contentBytes)
      contentBytes -= content.length
      rest = rest.subarray(content.length)
      if (header[0] === STDERR) stderr.push(content)
      else if (!stdout.push(content)) connection.pause()
    }
  }

  const lose = (error: Error) => {
    stdout.destroy(error)
    stderr.destroy()
  }
  connection.on('data', take)
  connection.on('error', lose)
  connection.on('end', () => {
    if (headerBytes > 0 || contentBytes > 0) return lose(new Error('The connection ended within a frame'))
    stdout.push(null)
    stderr.push(null)
  })
  connection.on('close', () => {
    if (!connection.readableEnded) lose(new Error('The connection was closed'))
  })
  return { stdout, stderr }
}
