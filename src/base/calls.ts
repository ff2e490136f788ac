/** Remote procedure calls between two processes over a message channel. Does not own the channel. */

/** The calls that one side answers, by name. */
export type Questions = Readonly<Record<string, { readonly ask: unknown; readonly answer: unknown }>>

export type Answers<Q extends Questions> = {
  readonly [Name in keyof Q]: (ask: Q[Name]['ask']) => Q[Name]['answer'] | Promise<Q[Name]['answer']>
}

export interface MessageChannel {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  /** Called when the other side has closed the channel. */
  onClose(listener: () => void): void
}

export interface Caller<Q extends Questions> {
  /** Rejects if the other side fails, closes, or does not answer within `limitMs` milliseconds; default: no limit. */
  call<Name extends keyof Q & string>(name: Name, ask: Q[Name]['ask'], limitMs?: number): Promise<Q[Name]['answer']>
}

interface Ask {
  readonly kind: 'ask'
  readonly id: number
  readonly name: string
  readonly ask: unknown
}

interface Answer {
  readonly kind: 'answer'
  readonly id: number
  readonly answer?: unknown
  readonly failure?: string
}

/** Other messages may use the same channel, so objects of other kinds are ignored. */
function isOfCalls(message: unknown): message is Ask | Answer {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return false
  return message.kind === 'ask' || message.kind === 'answer'
}

const gone = () => new Error('the other process has gone')

/** Both sides run the same program, so the messages of the other side have the types of the contract. */
export function openCalls<Theirs extends Questions, Ours extends Questions>(
  channel: MessageChannel,
  answers: Answers<Ours>,
): Caller<Theirs> {
  const waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>()
  let last = 0
  let isClosed = false

  const reply = async ({ id, name, ask }: Ask): Promise<void> => {
    let message: Answer
    try {
      const answer = (answers as Readonly<Record<string, (ask: unknown) => unknown>>)[name]
      if (answer === undefined) throw new Error(`nobody answers ${name}`)
      message = { kind: 'answer', id, answer: await answer(ask) }
    } catch (error) {
      message = { kind: 'answer', id, failure: error instanceof Error ? error.message : String(error) }
    }
    if (!isClosed) channel.send(message)
  }

  channel.onMessage((message) => {
    if (!isOfCalls(message)) return
    if (message.kind === 'ask') return void reply(message)
    const caller = waiting.get(message.id)
    if (message.failure === undefined) caller?.resolve(message.answer)
    else caller?.reject(new Error(message.failure))
  })
  channel.onClose(() => {
    isClosed = true
    for (const { reject } of waiting.values()) reject(gone())
  })

  return {
    call: async (name, ask, limitMs) => {
      if (isClosed) throw gone()
      last += 1
      const id = last
      let timer: NodeJS.Timeout | undefined
      try {
        return await new Promise<unknown>((resolve, reject) => {
          waiting.set(id, { resolve, reject })
          if (limitMs !== undefined) {
            timer = setTimeout(() => reject(new Error(`no answer to ${name} within ${limitMs} ms`)), limitMs)
          }
          channel.send({ kind: 'ask', id, name, ask } satisfies Ask)
        })
      } finally {
        clearTimeout(timer)
        waiting.delete(id)
      }
    },
  }
}
