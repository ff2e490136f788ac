/**
 * The protocol between a command and the process that has the embedded database open, and where the command finds that process.
 * Both sides must have the same version: the first message states it.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { version } from '../base/version.js'

export type CallName =
  | 'hello'
  | 'schema'
  | 'query'
  | 'queryRaw'
  | 'executeRaw'
  | 'begin'
  | 'commit'
  | 'rollback'
  | 'lock'
  | 'unlock'
  | 'ping'

export interface Call {
  readonly id: number
  readonly name: CallName
  readonly args: readonly unknown[]
}

/** The part of an error that is sent. Prisma reads `cause` of an adapter's error. */
export interface CallError {
  readonly name: string
  readonly message: string
  readonly code?: unknown
  readonly cause?: unknown
}

export type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: CallError })

/** Outside of any transaction. */
export const noTransaction = 0

export const protocolVersion = `gatehouse ${version}`

/**
 * Names the socket of the database `name`, in a file of `folder` that only its owner writes. A socket at a guessable path in a folder that
 * others can write would let another user of the machine impersonate the server and read password hashes.
 */
export function socketNameFile(folder: string, name: string): string {
  return join(folder, `${name}.socket`)
}

/** `undefined` if no process shares the database. */
export function readSocketName(folder: string, name: string): string | undefined {
  try {
    return readFileSync(socketNameFile(folder, name), 'utf8').trim()
  } catch {
    return undefined
  }
}
