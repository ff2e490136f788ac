/** Turns whatever was thrown into the one line a person at a terminal needs. */

function memberOf(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null && name in error ? Reflect.get(error, name) : undefined
}

/** The error and what it wraps, outermost first. */
function chain(error: unknown): unknown[] {
  const found: unknown[] = []
  for (let next = error; next !== undefined && next !== null && found.length < 8; next = memberOf(next, 'cause')) {
    found.push(next)
    const errors = memberOf(next, 'errors')
    if (Array.isArray(errors)) found.push(...errors)
  }
  return found
}

/** What the network and PostgreSQL say, in words. Codes: node:net, and PostgreSQL's appendix A. */
const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'cannot reach the database: nothing listens at the host and port of its URL',
  ENOTFOUND: 'cannot reach the database: the host of its URL has no address',
  EAI_AGAIN: 'cannot reach the database: the host of its URL has no address at the moment',
  ETIMEDOUT: 'cannot reach the database: its host does not answer',
  '28P01': 'the database refuses the user name or password of its URL',
  '28000': 'the database refuses the user of its URL',
  '3D000': 'the database that the URL names does not exist',
  '25006': 'the database of the URL is read-only, perhaps a standby',
  '42501': 'the database user lacks a privilege: it must own its tables',
  '53300': 'the database has no free connection',
}

/** PgBouncer's refusal of what a session would begin with (08P01, as for many other reasons). */
const refusedByPooler = /unsupported startup parameter/

/** One line (a ConfigError has one per mistake). Never holds a setting's value, thus no secret. */
export function describeFailure(error: unknown): string {
  const errors = chain(error)
  for (const { code } of errors.map((entry) => ({ code: memberOf(entry, 'code') }))) {
    if (typeof code === 'string' && Object.hasOwn(explanations, code)) return explanations[code] ?? code
  }
  const messages = errors.map((entry) => memberOf(entry, 'message'))
  if (messages.some((text) => typeof text === 'string' && refusedByPooler.test(text))) {
    return 'a connection pool such as PgBouncer is in front of the database: set DATABASE_POOLER=transaction'
  }
  const message = messages.find((text) => typeof text === 'string' && text !== '')
  return typeof message === 'string' ? message : String(error)
}
