/**
 * Checks of this machine before a start: DATA_DIR is writable, the encryption key readable, each address and port free. Runs
 * before a database is created or migrated, so that a mistake leaves nothing behind. Changes nothing.
 */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Config } from '../config/config.js'
import { judgeAll } from '../config/judgement.js'
import { isTaken, tryAddress } from '../http/free-address.js'
import { encryptionKeysAtHand } from './databases.js'
import type { Part } from './parts-served.js'

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

function checkFolder(config: Config, parts: readonly Part[]): void {
  if (!usesFolder(config, parts)) return
  const folder = firstExisting(resolve(config.DATA_DIR))
  if (!statSync(folder).isDirectory()) throw new Error(`DATA_DIR cannot be used: ${folder} is no folder`)
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new Error(`DATA_DIR cannot be used: ${messageOf(error)}`, { cause: error })
  }
}

function checkEncryptionKey(config: Config, parts: readonly Part[]): void {
  const { ENCRYPTION_KEY: given, DATA_DIR: folder } = config
  if (!parts.includes('auth')) return
  try {
    encryptionKeysAtHand({ ENCRYPTION_KEY: given, DATA_DIR: folder })
  } catch (error) {
    throw new Error(`ENCRYPTION_KEY is not set, and its file cannot be used: ${messageOf(error)}`, { cause: error })
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
 * Resolves to the ports that other programs listen on, one line each: perhaps a server that runs already. Rejects with ConfigError, which
 * has everything else that these parts would fail at.
 */
export async function examineMachine(config: Config, parts: readonly Part[]): Promise<readonly string[]> {
  const taken: string[] = []
  const checkPort = async (port: number, setting: string) => {
    const failure = await tryPort(config.HOST, port, setting)
    if (failure === undefined) return
    if (!isTaken(failure)) throw failure
    taken.push(failure.message)
  }
  await judgeAll([
    () => checkFolder(config, parts),
    () => checkEncryptionKey(config, parts),
    () =>
      judgeAll(
        [...portsOf(config, parts)].map(
          ([port, setting]) =>
            () =>
              checkPort(port, setting),
        ),
      ),
  ])
  return taken
}
