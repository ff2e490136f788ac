import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { createSecretBox } from '../src/base/secrets.js'
import { temporaryFolder } from './support/run-folder.js'

const run = promisify(execFile)

describe('docker/secrets.mjs', () => {
  const folder = temporaryFolder('secrets')
  for (const name of ['postgres', 'auth', 'notes']) mkdirSync(join(folder, name))
  const secrets = (...args: readonly string[]) =>
    run(process.execPath, ['docker/secrets.mjs', ...args], { env: { SECRETS_DIR: folder } })
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')

  it('makes each secret once, never prints one, and changes the encryption key only when told to', async () => {
    expect((await secrets()).stdout).toContain('made postgres/password')
    const database = read('auth/database-url')
    const [first = ''] = read('auth/encryption-key').split('\n')
    expect(Buffer.from(first, 'base64url')).toHaveLength(32)
    expect(read('auth/mcp-server-secret')).toBe(read('notes/mcp-server-secret'))
    expect((await secrets()).stdout).toBe('secrets: all present\n')

    const { stdout } = await secrets('add-encryption-key')
    const [second = '', ...older] = read('auth/encryption-key').trim().split('\n')
    expect(older).toEqual([first])
    expect(second).not.toBe(first)
    expect(stdout).not.toContain(second)
    expect(statSync(join(folder, 'auth/encryption-key')).mode & 0o777).toBe(0o400)
    const wrong = [
      [],
      [''],
      [createSecretBox(first).keyId],
      ['gatehouse: 4 keys and 1 client secrets are not encrypted'],
    ]
    for (const proof of wrong) {
      await expect(secrets('drop-old-encryption-keys', ...proof)).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /^secrets: nothing is dropped: .*`docker compose exec -T auth gatehouse keys sealed`/,
        ),
      })
    }
    expect(read('auth/encryption-key')).toBe(`${second}\n${first}\n`)
    await secrets('drop-old-encryption-keys', `${createSecretBox(second).keyId}\n`)
    expect(read('auth/encryption-key')).toBe(`${second}\n`)

    await expect(secrets('drop-everything')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is only'),
    })
    expect([read('auth/database-url'), read('auth/encryption-key')]).toEqual([database, `${second}\n`])
  })
})
