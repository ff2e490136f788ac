/**
 * Outages: database faults that pass by themselves, such as a restart, a failover, too many connections or a broken network.
 * The answer is 503 with `Retry-After`, never an error of the request: a client that reads `invalid_client` or `invalid_grant`
 * discards its tokens, and its user has to sign in again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { OAuthError } from '../oauth/errors.js'

/** Of the socket and of name resolution. */
const connectionCodes: ReadonlySet<string> = new Set(
  'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH ENOENT'.split(' '),
)

/**
 * SQLSTATE classes and codes (PostgreSQL appendix A): connection, insufficient resources, shutdown and recovery, read-only after a
 * failover, lock and statement time limits, serialization and deadlock.
 */
const passingStates = /^(?:08...|53...|57P0[1-5]|57014|25006|55P03|40001|40P01)$/

/** Prisma's own: unreachable, timed out, closed, no connection free, write conflict, too many connections. */
const prismaCodes: ReadonlySet<string> = new Set('P1001 P1002 P1008 P1017 P2024 P2034 P2037'.split(' '))

/** node-postgres gives these no code. */
const passingMessages =
  /^(?:Connection terminated|timeout e(?:xceeded|xpired)|Client has encountered a connection error|Client was closed|Query read timeout|Cannot use a pool after calling end)/

function memberOf(error: unknown, member: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, member) : undefined
}

function textOf(error: unknown, member: string): string {
  const value = memberOf(error, member)
  return typeof value === 'string' ? value : ''
}

/** PostgreSQL's own word below what Prisma makes of it: its error for everything it has no code for, or its driver's. */
function underPrisma(error: unknown): unknown {
  return memberOf(memberOf(memberOf(error, 'meta'), 'driverAdapterError') ?? error, 'cause')
}

/** True for such a fault, as node-postgres or Prisma throw it. */
export function isOutage(error: unknown): boolean {
  const code = textOf(error, 'code')
  return (
    connectionCodes.has(code) ||
    passingStates.test(code) ||
    prismaCodes.has(code) ||
    passingMessages.test(textOf(error, 'message')) ||
    passingStates.test(textOf(underPrisma(error), 'originalCode'))
  )
}

/** 25006: a write was sent to a server that only reads, a standby or what was the primary before a failover. */
export function isReadOnlyError(error: unknown): boolean {
  return textOf(error, 'code') === '25006'
}

/**
 * True for a single statement that PostgreSQL took back to let another one go on (deadlock, serialization failure): it has done
 * nothing, so it can be sent again. A refresh and the revocation of its grant can meet so: one locks the token first, the
 * other the grant. Or it was never begun (26000): the statement ahead of it in a pipeline should have prepared it for both, and
 * failed.
 */
export function isUndone(error: unknown): boolean {
  return typeof error === 'object' && error !== null && /^(?:40001|40P01|26000)$/.test(textOf(error, 'code'))
}

/** True for a statement that PostgreSQL ended because it took longer than `statement_timeout`, or whose answer came too late. */
export function isStatementTimeout(error: unknown): boolean {
  const cause = error instanceof OAuthError ? error.cause : error
  return textOf(cause, 'code') === '57014' || textOf(cause, 'message') === 'Query read timeout'
}

const unansweredCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'])
const unansweredMessages = /^(?:Connection terminated|Query read timeout)/

/** True when a statement was sent, and its connection lost before the answer: nobody knows whether it was carried out. */
export function isUnanswered(error: unknown): boolean {
  const lost = error instanceof OAuthError ? error.cause : error
  const code = textOf(lost, 'code')
  return (
    unansweredCodes.has(code) || /^(?:08...|57P0[12])$/.test(code) || unansweredMessages.test(textOf(lost, 'message'))
  )
}

const settlingPausesMs = [30, 100, 250, 500, 900, 1_300] as const

/** A database that is silent would else be waited for once more for as long as a statement may take. */
const settlingMs = 3_500

/**
 * Sends it again for a moment, until the outage is over: for what does no harm, or says that it was done, when done twice. Rejects
 * with the last failure, or with 503 when the moment is over before the last answer.
 */
export async function settle<T>(send: () => Promise<T>): Promise<T> {
  const over = new AbortController()
  const tooLate = sleep(settlingMs, undefined, { signal: over.signal }).then(() => {
    throw outageError(new Error('no answer while settling'))
  })
  try {
    return await Promise.race([sendUntilAnswered(send, over.signal), tooLate])
  } finally {
    over.abort()
  }
}

async function sendUntilAnswered<T>(send: () => Promise<T>, over: AbortSignal): Promise<T> {
  for (const pause of settlingPausesMs) {
    await sleep(pause, undefined, { signal: over })
    try {
      return await send()
    } catch (error) {
      if (!isUnavailable(error)) throw error
    }
  }
  return send()
}

function isUnavailable(error: unknown): boolean {
  return error instanceof OAuthError ? error.code === 'temporarily_unavailable' : isOutage(error)
}

/** For what Prisma throws where callers expect the errors of `Sql`. */
export function rethrowOutage(error: unknown): never {
  throw isOutage(error) ? outageError(error) : error
}

/** The error to throw for an outage: 503 `temporarily_unavailable`. `detail` is for the log. */
export function outageError(cause: unknown, detail?: string): OAuthError {
  const options = { cause, ...(detail !== undefined && { detail }) }
  return new OAuthError('temporarily_unavailable', 'the server cannot answer right now, try again', options)
}
