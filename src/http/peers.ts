/** Further processes that serve the same port: a client cannot tell which one answers. */
export interface Peers {
  /** How this process answers when another one asks: resolves when it is ready, throws otherwise. */
  answerReady(ready: () => Promise<void>): void
  /** Resolves when all others are ready; throws otherwise. */
  ready(): Promise<void>
}
