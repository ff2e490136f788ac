/**
 * Shares a scarce resource (processor time, outbound connections) fairly among senders. A limited number of tasks runs at once. Waiting
 * tasks are served in turn by sender, so the tasks of one sender delay another sender's first task by at most one task. A sender is a list
 * of networks, from the narrowest to the widest (client-network.ts), because one household has many addresses.
 */

/** The queue is full for this task, which did not run. */
export class QueueFull extends Error {
  /** `sender`: the sender reached its limit. `all`: the queue is full. */
  readonly reason: 'sender' | 'all'

  constructor(reason: 'sender' | 'all') {
    super(reason === 'sender' ? 'too many tasks of one sender' : 'too many tasks wait')
    this.name = 'QueueFull'
    this.reason = reason
  }
}

export interface FairQueueOptions {
  /** Maximum tasks that run at once. */
  readonly concurrency: number
  /** Maximum of these for one sender's narrowest network; default: all. */
  readonly runningPerSender?: number
  /** Maximum tasks that wait. If the queue is full, the sender with the most waiting tasks loses its last one to a sender with fewer. */
  readonly queueLimit: number
  /** Maximum tasks of one sender that run or wait; each wider network may have twice as many as the one within it. */
  readonly perSender: number
}

export interface Sender {
  /** Empty if senders cannot be distinguished: then no limit per sender applies. */
  readonly networks: readonly string[]
  /** The task goes first and cannot be displaced. For recognised senders. */
  readonly isKnown?: boolean
  /**
   * Who recognised the sender. Of all senders that one party recognises, only one task at a time goes first: an account holder can get any
   * number of browsers recognised. Default: no such limit, for tasks that no stranger can cause.
   */
  readonly knownTo?: string
}

export interface FairQueue {
  /** Runs `task` when its turn comes. Rejects with QueueFull if the queue is full, or if another task displaces it. */
  run<T>(sender: Sender, task: () => Promise<T>): Promise<T>
}

interface Waiting {
  readonly sender: Sender
  /** Number of earlier tasks of each of its networks. */
  readonly ranks: readonly number[]
  readonly start: () => void
  readonly refuse: (error: QueueFull) => void
}

/**
 * True if `left` comes before `right`, both of the same widest network: its networks had fewer tasks, compared from the widest to the
 * narrowest.
 */
function isBefore(left: Waiting, right: Waiting): boolean {
  for (let level = left.ranks.length - 2; level >= 0; level -= 1) {
    const difference = (left.ranks[level] ?? 0) - (right.ranks[level] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

function count(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const value = (counts.get(key) ?? 0) + change
  if (value === 0) counts.delete(key)
  else counts.set(key, value)
}

export function createFairQueue(options: FairQueueOptions): FairQueue {
  const { concurrency, runningPerSender = Number.POSITIVE_INFINITY, queueLimit, perSender } = options
  let running = 0
  let waiting = 0
  /** Tasks that run or wait, by network. */
  const held = new Map<string, number>()
  /** Running tasks, by narrowest network. */
  const active = new Map<string, number>()
  const known: Waiting[] = []
  /** The parties that have a task ahead of others, at most one each. */
  const ahead = new Set<string>()
  /** Waiting tasks by widest network, in the order of their turns. */
  const lines = new Map<string, Waiting[]>()

  const narrowest = ({ networks }: Sender) => networks[0] ?? ''
  const mayRun = (sender: Sender) => (active.get(narrowest(sender)) ?? 0) < runningPerSender

  const begin = (sender: Sender) => {
    running += 1
    count(active, narrowest(sender), 1)
  }

  /** Takes the next task of a network. The network's next turn comes after those of all others. */
  const takeFrom = (widest: string, line: Waiting[]): Waiting | undefined => {
    let best: Waiting | undefined
    for (const candidate of line) {
      if (mayRun(candidate.sender) && (best === undefined || isBefore(candidate, best))) best = candidate
    }
    if (best === undefined) return undefined
    line.splice(line.indexOf(best), 1)
    lines.delete(widest)
    if (line.length > 0) lines.set(widest, line)
    return best
  }

  const takeNext = (): Waiting | undefined => {
    const index = known.findIndex(({ sender }) => mayRun(sender))
    if (index >= 0) return known.splice(index, 1)[0]
    for (const [widest, line] of lines) {
      const next = takeFrom(widest, line)
      if (next !== undefined) return next
    }
    return undefined
  }

  const startNext = () => {
    while (running < concurrency) {
      const next = takeNext()
      if (next === undefined) return
      waiting -= 1
      begin(next.sender)
      next.start()
    }
  }

  /** Displaces a task of a sender with more waiting tasks than `sender`; throws if there is none. */
  const makeRoom = ({ networks, isKnown = false }: Sender): void => {
    let longest: Waiting[] = []
    for (const line of lines.values()) if (line.length > longest.length) longest = line
    const own = isKnown ? 0 : (lines.get(networks.at(-1) ?? '')?.length ?? 0) + 1
    const last = longest.length > own ? longest.pop() : undefined
    if (last === undefined) throw new QueueFull('all')
    waiting -= 1
    last.refuse(new QueueFull('all'))
  }

  const turnOf = (sender: Sender, ranks: readonly number[]): Promise<void> | undefined => {
    if (running < concurrency && mayRun(sender)) return void begin(sender)
    if (waiting >= queueLimit) makeRoom(sender)
    waiting += 1
    return new Promise<void>((start, refuse) => {
      const entry = { sender, ranks, start, refuse }
      if (sender.isKnown === true) return known.push(entry)
      const widest = sender.networks.at(-1) ?? ''
      const line = lines.get(widest)
      return line === undefined ? lines.set(widest, [entry]) : line.push(entry)
    })
  }

  return {
    run: async (given, task) => {
      const { networks, knownTo } = given
      const isKnown = given.isKnown === true && (knownTo === undefined || !ahead.has(knownTo))
      const sender = { networks, isKnown }
      const ranks = networks.map((network) => held.get(network) ?? 0)
      if (!isKnown && ranks.some((rank, level) => rank >= perSender * 2 ** level)) {
        throw new QueueFull('sender')
      }
      for (const network of networks) count(held, network, 1)
      if (isKnown && knownTo !== undefined) ahead.add(knownTo)
      try {
        await turnOf(sender, ranks)
        try {
          return await task()
        } finally {
          running -= 1
          count(active, narrowest(sender), -1)
          startNext()
        }
      } finally {
        if (isKnown && knownTo !== undefined) ahead.delete(knownTo)
        for (const network of networks) count(held, network, -1)
      }
    },
  }
}
