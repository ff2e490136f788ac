/**
 * Checks of this machine before a start: DATA_DIR is writable, the encryption key readable, each address and port free. Runs
 * before a database is created or migrated, so that a mistake leaves nothing behind. Changes nothing.
 */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Config, ConfigError } from '../config/config.js'
import { isTaken, tryAddress } from '../http/free-address.js'
import { encryptionKeysAtHand, type Part } from './databases.js'

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The folder, or the first one above it that is there: where it would be made. */
function firstExisting(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : firstExisting(dirname(folder))
}

/** Embedded databases are kept there, and the encryption key that the operator did not bring. */
function usesFolder(config: Config, parts: readonly Part[]): boolean {
  return (
    (parts.includes('auth') && (config.DATABASE_URL === undefined || config.ENCRYPTION_KEY === undefined)) ||
    (parts.includes('mcp') && config.NOTES_DATABASE_URL === undefined)
  )
}

function folderMistake(config: Config, parts: readonly Part[]): string | undefined {
  if (!usesFolder(config, parts)) return undefined
  const folder = firstExisting(resolve(config.DATA_DIR))
  if (!statSync(folder).isDirectory()) return `DATA_DIR cannot be used: ${folder} is no folder`
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return `DATA_DIR cannot be used: ${messageOf(error)}`
  }
}

function encryptionKeyMistake(config: Config, parts: readonly Part[]): string | undefined {
  if (!parts.includes('auth')) return undefined
  try {
    encryptionKeysAtHand(config)
    return undefined
  } catch (error) {
    return `ENCRYPTION_KEY is not set, and its file cannot be used: ${messageOf(error)}`
  }
}

/** Each port with the setting that it follows from: the one to change when the port is taken. */
function portsOf(config: Config, parts: readonly Part[]): ReadonlyMap<number, string> {
  const ports = new Map<number, string>()
  if (parts.includes('auth')) ports.set(config.authPort, config.AUTH_PORT === undefined ? 'ISSUER_URL' : 'AUTH_PORT')
  if (parts.includes('mcp')) ports.set(config.mcpPort, config.MCP_PORT === undefined ? 'RESOURCE_URL' : 'MCP_PORT')
  if (config.METRICS_PORT !== undefined) ports.set(config.METRICS_PORT, 'METRICS_PORT')
  return ports
}

async function tryPort(host: string, port: number, setting: string): Promise<Error | undefined> {
  const failure = await tryAddress(host, port)
  if (failure === undefined || !isTaken(failure)) return failure
  return new Error(`${failure.message} (${setting} sets it)`, { cause: failure.cause })
}

/**
 * Resolves to the ports that others have, one line each: a server that runs already, perhaps. Rejects with ConfigError, which has
 * everything else that these parts would fail at.
 */
export async function examineMachine(config: Config, parts: readonly Part[]): Promise<readonly string[]> {
  const attempts = await Promise.all(
    [...portsOf(config, parts)].map(([port, setting]) => tryPort(config.HOST, port, setting)),
  )
  const failures = attempts.flatMap((failure) => failure ?? [])
  const mistakes = [
    folderMistake(config, parts),
    encryptionKeyMistake(config, parts),
    ...failures.filter((failure) => !isTaken(failure)).map(({ message }) => message),
  ].flatMap((mistake) => mistake ?? [])
  if (mistakes.length > 0) throw new ConfigError([...new Set(mistakes)])
  return failures.map(({ message }) => message)
}
