/**
 * When a second use of a refresh token is a client's retry, and when it is theft (RFC 9700 §4.14.2). Pure: the adapter, the commit and
 * the model in `test/model/` decide by the same function.
 *
 * A client whose answer was lost has nothing but the old token. It gets the same successor again as long as nobody has used that
 * successor: in the grace for any repetition, after it once per token. A thief of the old token gets the successor too, never a second
 * family, and the theft shows one use later. The first holder who uses the successor replaces it; the other one then presents a
 * replaced token. That token was handed out twice after its grace, so this is no retry any more, and the family ends.
 *
 * Without that mark two holders could take turns for ever, each one use behind the other, and no use would ever be a reuse.
 */

export interface RefreshTokenState {
  /** Milliseconds since the epoch; `undefined` while it is current. */
  readonly consumedAt: number | undefined
  /** A successor was issued, sealed under this token. False for a token that was used up without one. */
  readonly isReplaced: boolean
  /** Handed out again after the grace of its predecessor, so that two callers may hold it. */
  readonly isReissued: boolean
}

/**
 * `retry`: within the grace, answered with the newest token of the chain. `late retry`: answered with the successor, on the condition that
 * it was never used. `reuse`: the family ends.
 */
export type RefreshUse = 'current' | 'retry' | 'late retry' | 'reuse'

/** `graceSeconds` 0: every second use is a reuse. */
export function judgeRefreshUse(
  { consumedAt, isReplaced, isReissued }: RefreshTokenState,
  nowMs: number,
  graceSeconds: number,
): RefreshUse {
  if (consumedAt === undefined) return 'current'
  if (!isReplaced || graceSeconds === 0) return 'reuse'
  if (nowMs - consumedAt < graceSeconds * 1000) return 'retry'
  return isReissued ? 'reuse' : 'late retry'
}
