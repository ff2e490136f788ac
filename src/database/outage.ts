/**
 * Outages: transient database faults, such as a restart, a failover, too many connections or a broken network. The response is 503 with
 * `Retry-After`, never an error of the request: a client that reads `invalid_client` or `invalid_grant` discards its tokens, and its user
 * has to sign in again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { OAuthError } from '../oauth/errors.js'

/** Error codes of sockets and name resolution. */
const connectionCodes: ReadonlySet<string> = new Set(
  'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH ENOENT'.split(' '),
)

/**
 * SQLSTATE classes and codes (PostgreSQL appendix A): connection, insufficient resources, shutdown and recovery, read-only after a
 * failover, lock and statement time limits, serialization and deadlock.
 */
const passingStates = /^(?:08...|53...|57P0[1-5]|57014|25006|55P03|40001|40P01)$/

/** Prisma's error codes: unreachable, timed out, closed, no connection free, write conflict, too many connections. */
const prismaCodes: ReadonlySet<string> = new Set('P1001 P1002 P1008 P1017 P2024 P2034 P2037'.split(' '))

/** node-postgres sets no code for these. */
const passingMessages =
  /^(?:Connection terminated|timeout e(?:xceeded|xpired)|Client has encountered a connection error|Client was closed|Query read timeout|Cannot use a pool after calling end)/

function memberOf(error: unknown, member: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, member) : undefined
}

function textOf(error: unknown, member: string): string {
  const value = memberOf(error, member)
  return typeof value === 'string' ? value : ''
}

/** The PostgreSQL or driver error inside a Prisma error that has no specific code. */
function underPrisma(error: unknown): unknown {
  return memberOf(memberOf(memberOf(error, 'meta'), 'driverAdapterError') ?? error, 'cause')
}

/** True for such a fault, thrown by node-postgres or Prisma. */
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

/** 25006: a write reached a read-only server, which is a standby or the former primary. */
export function isReadOnlyError(error: unknown): boolean {
  return textOf(error, 'code') === '25006'
}

/**
 * True for a single statement that PostgreSQL rolled back in favour of another one (deadlock, serialization failure): it changed nothing,
 * so it can be sent again. A refresh can deadlock with the revocation of its grant, because one locks the token first and the other the
 * grant. Also true if it never started (26000): the statement before it in a pipeline should have prepared it for both, and failed.
 */
export function isUndone(error: unknown): boolean {
  return typeof error === 'object' && error !== null && /^(?:40001|40P01|26000)$/.test(textOf(error, 'code'))
}

/** True for a statement that PostgreSQL ended because it took longer than `statement_timeout`, or whose answer arrived too late. */
export function isStatementTimeout(error: unknown): boolean {
  const cause = error instanceof OAuthError ? error.cause : error
  return textOf(cause, 'code') === '57014' || textOf(cause, 'message') === 'Query read timeout'
}

const unansweredCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'])
const unansweredMessages = /^(?:Connection terminated|Query read timeout)/

/** True if the connection was lost after a statement was sent and before its answer: it is unknown whether it was executed. */
export function isUnanswered(error: unknown): boolean {
  const lost = error instanceof OAuthError ? error.cause : error
  const code = textOf(lost, 'code')
  return (
    unansweredCodes.has(code) || /^(?:08...|57P0[12])$/.test(code) || unansweredMessages.test(textOf(lost, 'message'))
  )
}

const settlingPausesMs = [30, 100, 250, 500, 900, 1_300] as const

/** Without this limit, the retry on a silent database would wait for the whole statement time-out again. */
const settlingMs = 3_500

/**
 * Retries for a few seconds, until the outage is over. Only for statements that are idempotent or recognise that they were already
 * executed. Rejects with the last failure, or with 503 if the time is over before the last answer.
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

/** Converts Prisma's errors where callers expect the errors of `Sql`. */
export function rethrowOutage(error: unknown): never {
  throw isOutage(error) ? outageError(error) : error
}

/** The error to throw for an outage: 503 `temporarily_unavailable`. `detail` is for the log. */
export function outageError(cause: unknown, detail?: string): OAuthError {
  const options = { cause, ...(detail !== undefined && { detail }) }
  return new OAuthError('temporarily_unavailable', 'the server cannot answer right now, try again', options)
}
