/** Clients that connect anew for each request, and wrote down how each one ended. */
import { get } from 'node:http'

export interface FreshLoad {
  /** Statuses, or the code of the error that ended the request; `hung` if nothing came for ten seconds. */
  readonly outcomes: readonly (number | string)[]
  /** Requests that are under way end; none is begun any more. */
  end(): Promise<void>
}

function ask(url: string): Promise<number | string> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false }, (response) => {
      response.resume()
      response.once('close', () => resolve(response.complete ? (response.statusCode ?? 0) : 'cut'))
    })
    request.setTimeout(10_000, () => {
      resolve('hung')
      request.destroy()
    })
    request.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

/** So many clients, each with one request at a time. */
export function startFreshLoad(url: string, clients: number): FreshLoad {
  const outcomes: (number | string)[] = []
  let isOver = false
  const loop = async () => {
    while (!isOver) outcomes.push(await ask(url))
  }
  const loops = Array.from({ length: clients }, loop)
  return {
    outcomes,
    end: async () => {
      isOver = true
      await Promise.all(loops)
    },
  }
}
