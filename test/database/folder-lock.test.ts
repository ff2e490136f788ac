import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { belongsToOwner } from '../../src/database/file-owner.js'
import { lockFolder } from '../../src/database/folder-lock.js'
import { killAfterwards } from '../support/opened.js'

const root = mkdtempSync(join(tmpdir(), 'gatehouse-lock-'))
afterAll(() => rmSync(root, { recursive: true }))

/** Another process that holds the lock until it is killed. */
async function holdElsewhere(folder: string) {
  const program = `import { lockFolder } from ${JSON.stringify(new URL('../../dist/database/folder-lock.js', import.meta.url).href)}
    await lockFolder(process.argv[1]); console.log('locked'); setInterval(() => {}, 1000)`
  const child = killAfterwards(
    spawn(process.execPath, ['--input-type=module', '-e', program, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )
  await once(child.stdout, 'data')
  return {
    kill9: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

describe('The folder lock of the embedded database', () => {
  it('refuses a second holder, also by another path to the same folder', async () => {
    const folder = join(root, 'one')
    const alias = join(root, 'alias')
    const unlock = await lockFolder(folder)
    symlinkSync(folder, alias)
    await expect(lockFolder(folder)).rejects.toThrow(/is in use by another process/)
    await expect(lockFolder(alias)).rejects.toThrow(/is in use by another process/)
    await unlock()
    await (await lockFolder(folder))()
  })

  it('is never taken from, or trusted to, a file of another user', async () => {
    const folder = join(root, 'foreign')
    await (await lockFolder(folder))()
    const digest = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 24)
    const path = join(tmpdir(), `gatehouse-${digest}.lock`)
    writeFileSync(path, '')
    try {
      // Root alone can make a file another user's; anybody else is another user to somebody.
      if (process.getuid?.() === 0) {
        chownSync(path, 65_534, 65_534)
        await expect(lockFolder(folder)).rejects.toThrow(/belongs to another user .* remove it/)
      }
      expect([belongsToOwner(path, '/', 12_345), belongsToOwner(join(root, 'absent'), root)]).toEqual([false, false])
    } finally {
      rmSync(path)
    }
  })

  it('does not mix up different folders', async () => {
    const unlocks = [await lockFolder(join(root, 'a')), await lockFolder(join(root, 'b'))]
    for (const unlock of unlocks) await unlock()
  })

  it('refuses a second process, and is free again when that process is killed', async () => {
    const folder = join(root, 'two')
    const other = await holdElsewhere(folder)
    await expect(lockFolder(folder)).rejects.toThrow(
      /in use by another process; stop that one, set another DATA_DIR, or use PostgreSQL/,
    )
    await other.kill9()
    await (await lockFolder(folder))()
  })

  it('lets one of several contenders have a lock that a killed process left behind', async () => {
    const folder = join(root, 'three')
    await (await holdElsewhere(folder)).kill9()
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => lockFolder(folder)))
    const won = outcomes.filter((outcome) => outcome.status === 'fulfilled')
    expect(won).toHaveLength(1)
    for (const { value: unlock } of won) await unlock()
  })

  it('says in one line when the folder cannot be made', async () => {
    const file = join(root, 'file')
    writeFileSync(file, '')
    await expect(lockFolder(join(file, 'data'))).rejects.toThrow(/^cannot write to [^\n]+$/)
  })
})
