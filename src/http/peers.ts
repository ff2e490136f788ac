/** Other processes that serve the same port: a client cannot choose which one answers. */
export interface Peers {
  /** Sets how this process answers the others: `ready` resolves if it is ready, and rejects otherwise. */
  answerReady(ready: () => Promise<void>): void
  /** Resolves if all others are ready; rejects otherwise. */
  ready(): Promise<void>
}
