/**
 * The key that encrypts secrets at rest if the operator configures none: generated once, and stored in a file that only its owner can read.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { randomSecret } from './secrets.js'

function errorCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

/** The file gets its name only once it is complete and on disk: what was encrypted with a lost key cannot be decrypted. */
function createKeyFile(file: string): void {
  const unfinished = `${file}.${randomSecret(6)}`
  const descriptor = openSync(unfinished, 'wx', 0o600)
  try {
    writeSync(descriptor, `${randomSecret()}\n`)
    fsyncSync(descriptor)
    linkSync(unfinished, file)
  } catch (error) {
    // Another process was first, so its key is used.
    if (errorCode(error) !== 'EEXIST') throw error
  } finally {
    closeSync(descriptor)
    rmSync(unfinished)
  }
}

/**
 * Reads the key file, which may hold several keys, one per line, or creates it with a new key (mode 0600). Throws a one-line error if the
 * file cannot be written or read.
 */
export function loadEncryptionKeys(file: string): readonly string[] {
  if (!existsSync(file)) {
    try {
      if (!existsSync(dirname(file))) mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      createKeyFile(file)
    } catch (error) {
      throw new Error(`cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
  }
  const keys = readFileSync(file, 'utf8').trim().split(/\s+/)
  if (keys.some((key) => Buffer.from(key, 'base64url').length < 32)) {
    throw new Error(`${file} does not hold an encryption key`)
  }
  return keys
}
