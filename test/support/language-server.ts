import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { until } from './until.js'

export interface Place {
  readonly uri: string
  readonly position: { readonly line: number; readonly character: number }
}

export interface Mistake {
  /** From 0. */
  readonly line: number
  readonly message: string
}

/** The YAML language server, as an editor runs it. */
export interface LanguageServer {
  /** How many files it was shown. */
  readonly openedFiles: number
  open(uri: string, text: string): Promise<void>
  /** Labels of what could stand there. */
  complete(place: Place): Promise<readonly string[]>
  hover(place: Place): Promise<string>
  /** What it finds wrong in a file that was opened. */
  mistakes(uri: string): Promise<readonly Mistake[]>
  stop(): Promise<void>
}

const LIMIT_MS = 30_000
const packageFile = createRequire(import.meta.url).resolve('yaml-language-server/package.json')
const program = join(dirname(packageFile), 'bin', 'yaml-language-server')

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

/** Without a network: it knows no schemas but those that files name. */
export async function startLanguageServer(): Promise<LanguageServer> {
  const child = spawn(process.execPath, [program, '--stdio'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const answers = new Map<number, Message>()
  const found = new Map<string, readonly Mistake[]>()
  let lastId = 0
  let openedFiles = 0

  const send = (message: Message) => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }
  const receive = (message: Message) => {
    if (message.method === undefined) answers.set(message.id ?? -1, message)
    else if (message.method === 'textDocument/publishDiagnostics') {
      const { uri, mistakes } = mistakesIn(message.params)
      found.set(uri, mistakes)
      // It asks its client, too: for settings, and to be told of files. There is nothing to say.
    } else if (message.id !== undefined) send({ id: message.id, result: null })
  }
  readMessages(child.stdout, receive)

  async function ask<T>(method: string, params: object): Promise<T> {
    const id = ++lastId
    send({ id, method, params })
    const { error, result } = await until(`${method} is answered`, () => answers.get(id), LIMIT_MS)
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result as T
  }

  await ask('initialize', { processId: process.pid, rootUri: null, capabilities: {} })
  send({ method: 'initialized', params: {} })
  const yaml = { validate: true, completion: true, hover: true, schemaStore: { enable: false } }
  send({ method: 'workspace/didChangeConfiguration', params: { settings: { yaml } } })

  const at = ({ uri, position }: Place) => ({ textDocument: { uri }, position })
  return {
    get openedFiles() {
      return openedFiles
    },
    async open(uri, text) {
      openedFiles++
      send({
        method: 'textDocument/didOpen',
        params: { textDocument: { uri, languageId: 'yaml', version: 1, text } },
      })
    },
    async complete(place) {
      const { items } = await ask<{ items: { label: string }[] }>('textDocument/completion', at(place))
      return items.map(({ label }) => label)
    },
    async hover(place) {
      const answer = await ask<{ contents: { value: string } } | null>('textDocument/hover', at(place))
      return answer?.contents.value ?? ''
    },
    mistakes: (uri) => until(`${uri} was looked at`, () => found.get(uri), LIMIT_MS),
    async stop() {
      const exited = once(child, 'exit')
      await ask('shutdown', {})
      send({ method: 'exit' })
      await exited
    },
  }
}

function mistakesIn(params: unknown): { uri: string; mistakes: readonly Mistake[] } {
  const { uri, diagnostics } = params as {
    uri: string
    diagnostics: { range: { start: { line: number } }; message: string }[]
  }
  return { uri, mistakes: diagnostics.map(({ range, message }) => ({ line: range.start.line, message })) }
}

/** Messages of the base protocol: https://microsoft.github.io/language-server-protocol/specifications/base/0.9/specification */
function readMessages(stream: NodeJS.ReadableStream, receive: (message: Message) => void): void {
  let unread = Buffer.alloc(0)
  stream.on('data', (bytes: Buffer) => {
    unread = Buffer.concat([unread, bytes])
    for (;;) {
      const end = unread.indexOf('\r\n\r\n')
      const [, length] = /Content-Length: (\d+)/.exec(unread.subarray(0, Math.max(end, 0)).toString()) ?? []
      if (length === undefined || unread.length < end + 4 + Number(length)) return
      const body = unread.subarray(end + 4, end + 4 + Number(length)).toString()
      unread = unread.subarray(end + 4 + Number(length))
      receive(JSON.parse(body) as Message)
    }
  })
}
