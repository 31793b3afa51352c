import type { Readable } from 'node:stream'
import { HoldfastError } from '../../core/errors.js'
import type { PluginDestination as Settings } from '../../schemas/plugin-destination.js'
import { Digest } from '../pipeline/digest.js'
import { chunksOf, withBody } from './body.js'
import type { Destination, DestinationDriver, ObjectInfo } from './driver.js'
import { requireSame } from './existing-object.js'
import { isObjectName, requireObjectName } from './object-names.js'
import { objectStream } from './object-stream.js'
import { Conversation, type PluginPlace, type PluginWorld } from './plugin/conversation.js'
import { infoOf, isCount, type Request } from './plugin/protocol.js'

/**
 * A store that a program of the user's speaks to, by the protocol of `docs/plugins.md`: one process for each operation. The
 * program stores objects whole or not at all; that is what the protocol asks of it, and its count of bytes is compared.
 */
export const plugin =
  (world: PluginWorld): DestinationDriver<'plugin'> =>
  (name, settings) =>
    new PluginDestination(name, settings, world)

class PluginDestination implements Destination {
  readonly name: string
  readonly #place: PluginPlace
  readonly #world: PluginWorld

  constructor(name: string, settings: Settings, world: PluginWorld) {
    this.name = name
    this.#place = { name, settings }
    this.#world = world
  }

  put(objectName: string, body: Readable, { signal }: { signal: AbortSignal }): Promise<{ bytes: number }> {
    return withBody(body, () => {
      requireObjectName(objectName)
      return this.#send(objectName, body, signal)
    })
  }

  async get(
    objectName: string,
    { signal, range }: { signal: AbortSignal; range?: { offset: number; length: number } },
  ): Promise<Readable> {
    requireObjectName(objectName)
    const conversation = await this.#open({ operation: 'get', object: objectName, ...range }, signal)
    try {
      // The first line tells whether there is such an object.
      const first = await conversation.next()
      const onClose = () => conversation.close()
      return objectStream(bodyOf(conversation, first, range?.length), { signal, onClose })
    } catch (error) {
      conversation.close()
      throw error
    }
  }

  async *list(prefix: string, signal: AbortSignal): AsyncIterable<ObjectInfo> {
    const conversation = await this.#open({ operation: 'list', prefix }, signal)
    try {
      let previous = ''
      for (;;) {
        const reply = await conversation.next()
        if (reply.is === 'done') return await conversation.finish(undefined)
        if (reply.is !== 'object') throw conversation.broken('answered "list" with bytes.')
        const { name } = reply.object
        if (name <= previous)
          throw conversation.broken(`lists "${name}" after "${previous}": not sorted by name.`)
        previous = name
        if (name.startsWith(prefix) && isObjectName(name)) yield reply.object
      }
    } finally {
      conversation.close()
    }
  }

  async stat(objectName: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    requireObjectName(objectName)
    return this.#ask({ operation: 'stat', object: objectName }, signal, (value, conversation) => {
      if (value === null) return undefined
      const info = infoOf(objectName, value)
      if (!info) throw conversation.broken('answered "stat" without "bytes" and "modifiedAt".')
      return info
    })
  }

  async delete(objectName: string, signal: AbortSignal): Promise<void> {
    requireObjectName(objectName)
    await this.#ask({ operation: 'delete', object: objectName }, signal, nothing)
  }

  async freeBytes(signal: AbortSignal): Promise<number | undefined> {
    try {
      return await this.#ask({ operation: 'free' }, signal, (value) =>
        isCount(value?.['bytes']) ? value['bytes'] : undefined,
      )
    } catch (error) {
      return unlessUnsupported(error)
    }
  }

  async #send(objectName: string, body: Readable, signal: AbortSignal): Promise<{ bytes: number }> {
    const digest = new Digest()
    let isWhole = false
    const counted = async function* () {
      yield* digest.through(chunksOf(body, signal))
      isWhole = true
    }
    const request: Request = { operation: 'put', object: objectName }
    const conversation = await this.#open(request, signal, counted())
    try {
      const value = await conversation.done()
      if (!isWhole || value?.['bytes'] !== digest.bytes)
        throw conversation.broken(`did not store all of the ${digest.bytes} bytes of "${objectName}".`)
      return { bytes: digest.bytes }
    } catch (error) {
      const isTaken = error instanceof HoldfastError && error.code === 'object.conflict'
      if (!isTaken) throw error
      if (!isWhole) throw conversation.broken(`said that "${objectName}" exists before it had read the body.`)
      const written = { bytes: digest.bytes, sha256: digest.sha256() }
      await requireSame(this, { objectName, written }, signal)
      return { bytes: written.bytes }
    } finally {
      conversation.close()
    }
  }

  async #ask<T>(
    request: Request,
    signal: AbortSignal,
    read: (value: Answer, conversation: Conversation) => T,
  ): Promise<T> {
    return ask(await this.#open(request, signal), read)
  }

  #open(request: Request, signal: AbortSignal, body?: AsyncIterable<Buffer>): Promise<Conversation> {
    return Conversation.open(
      { world: this.#world, place: this.#place },
      { request, ...(body && { body }) },
      signal,
    )
  }
}

type Answer = Readonly<Record<string, unknown>> | null

async function ask<T>(
  conversation: Conversation,
  read: (value: Answer, conversation: Conversation) => T,
): Promise<T> {
  try {
    return read(await conversation.done(), conversation)
  } finally {
    conversation.close()
  }
}

/** Operations that answer nothing but that they are done. */
const nothing = (): undefined => undefined

async function* bodyOf(
  conversation: Conversation,
  first: Awaited<ReturnType<Conversation['next']>>,
  limit = Infinity,
): AsyncGenerator<Buffer, void, undefined> {
  let bytes = 0
  for (let reply = first; ; reply = await conversation.next()) {
    if (reply.is !== 'bytes') throw conversation.broken('ended the bytes without a last "0".')
    if (reply.length === 0) break
    bytes += reply.length
    if (bytes > limit) throw conversation.broken('gave more bytes than it was asked for.')
    yield await conversation.bytes(reply.length)
  }
  await conversation.done()
}

function unlessUnsupported(error: unknown): undefined {
  if (!(error instanceof HoldfastError) || error.code !== 'destination.unsupported') throw error
}

/** Lets the plugin make its place ready, where it can. May run twice. */
export async function createPluginPlace(
  world: PluginWorld,
  place: PluginPlace,
  signal: AbortSignal,
): Promise<void> {
  try {
    const request = { operation: 'create' } as const
    await ask(await Conversation.open({ world, place }, { request }, signal), nothing)
  } catch (error) {
    unlessUnsupported(error)
  }
}

export function pluginLocation({ command, settings = {} }: Settings): string {
  const sorted = Object.entries(settings).sort(([one], [other]) => (one < other ? -1 : 1))
  return `plugin:${JSON.stringify([command, sorted])}`
}
