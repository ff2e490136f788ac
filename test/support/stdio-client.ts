/** Speaks JSON-RPC, one message a line, with a program on its standard streams. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { killAfterwards } from './opened.js'

const messageSchema = z.looseObject({
  id: z.union([z.number(), z.string()]).optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.looseObject({ code: z.number(), message: z.string() }).optional(),
})
type Message = z.infer<typeof messageSchema>

export interface StdioClient {
  /** Resolves to the reply, an error included. Rejects when the program ends or stays silent. */
  request(method: string, params?: Readonly<Record<string, unknown>>): Promise<Message>
  notify(method: string): void
  /** What the program wrote to its error stream. */
  diagnostics(): string
  close(): Promise<void>
}

/** `command`: the program and its arguments. */
export function startStdioClient(
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): StdioClient {
  const child = killAfterwards(spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] }))
  const waiting = new Map<number | string, (message: Message) => void>()
  let diagnostics = ''
  let nextId = 1
  child.stderr.on('data', (chunk) => {
    diagnostics += String(chunk)
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = messageSchema.safeParse(JSON.parse(line))
    if (message.success && message.data.id !== undefined) waiting.get(message.data.id)?.(message.data)
  })
  const write = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const request = async (method: string, params: Readonly<Record<string, unknown>> = {}): Promise<Message> => {
    const id = nextId++
    const reply = new Promise<Message>((resolve) => waiting.set(id, resolve))
    write({ id, method, params })
    const answered = new AbortController()
    const silence = AbortSignal.any([answered.signal, AbortSignal.timeout(120_000)])
    const ended = once(child, 'exit', { signal: silence }).then(
      ([code]) =>
        Promise.reject(new Error(`the program ended with ${code} before it answered ${method}:\n${diagnostics}`)),
      () => Promise.reject(new Error(`no answer to ${method} within two minutes:\n${diagnostics}`)),
    )
    try {
      return await Promise.race([reply, ended])
    } finally {
      // `ended` has lost the race, so nobody hears of its rejection.
      answered.abort()
    }
  }
  return {
    request,
    notify: (method) => void write({ method }),
    diagnostics: () => diagnostics,
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.stdin.end()
      child.kill('SIGTERM')
      await exit
    },
  }
}
