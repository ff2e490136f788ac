/** The key that seals secrets at rest, when the operator brings none: made once, kept in a file only its owner can read. */
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

/** Appears under its name only when it is complete and on disk: what is sealed with a key that is lost stays sealed. */
function createKeyFile(file: string): void {
  const unfinished = `${file}.${randomSecret(6)}`
  const descriptor = openSync(unfinished, 'wx', 0o600)
  try {
    writeSync(descriptor, `${randomSecret()}\n`)
    fsyncSync(descriptor)
    linkSync(unfinished, file)
  } catch (error) {
    // Another process was first, and its key counts.
    if (errorCode(error) !== 'EEXIST') throw error
  } finally {
    closeSync(descriptor)
    rmSync(unfinished)
  }
}

/**
 * Reads the key file, which may hold several keys, one a line, or creates it with a fresh key (mode 0600). Throws one clear line when it
 * cannot be written or read.
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
