/** The lines of the manual for the composed stack, run as the pages have them: backup, restore, keys, migration, the doctor. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { pageAt } from '../manual/pages.js'
import { compose, mustCompose, projectName, up } from './composed-stack.js'

const execute = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-manual-'))
const environment = {
  ...process.env,
  COMPOSE_PROJECT_NAME: projectName,
  COMPOSE_FILE: fileURLToPath(new URL('../../docker-compose.yml', import.meta.url)),
}

/** The one block of the page with that text. */
function blockWith(page: string, text: string): string {
  const found = pageAt(page).blocks.filter((block) => block.language === 'sh' && block.text.includes(text))
  expect(found).toHaveLength(1)
  return found[0]?.text ?? ''
}

/** Each line must succeed, as a person would notice. */
async function run(lines: string): Promise<string> {
  const { stdout } = await execute('bash', ['-e', '-o', 'pipefail', '-c', lines], { cwd: folder, env: environment })
  return stdout
}

const account = 'ada@example.com'

describe('The manual on the composed stack', () => {
  beforeAll(async () => {
    await compose('down', '--volumes', '--timeout', '5')
    await mustCompose('build', '--quiet')
    await up()
    await run(`echo 'plum orbit kettle ninety walrus' | docker compose exec -T auth gatehouse accounts add ${account}`)
  }, 600_000)
  afterAll(async () => {
    await compose('down', '--volumes', '--timeout', '5')
    rmSync(folder, { recursive: true })
  }, 60_000)

  it('backs up and restores', async () => {
    await run(blockWith('docs/operations/backup.md', 'pg_dump -U postgres'))
    await run(
      'docker compose exec -T auth gatehouse accounts add lost@example.com <<< "plum orbit kettle ninety walrus"',
    )
    await run(blockWith('docs/operations/backup.md', 'dropdb -U postgres'))
    const accounts = await run('docker compose exec -T auth gatehouse accounts list')
    expect(accounts).toContain(account)
    expect(accounts).not.toContain('lost@example.com')
  })

  it('changes the encryption key', async () => {
    const sealed = 'docker compose exec -T auth gatehouse keys sealed'
    const before = await run(sealed)
    await run(blockWith('docs/operations/keys.md', 'add-encryption-key'))
    expect(await run(sealed)).not.toBe(before)
    await up()
  })

  it('migrates apart from a start, and examines itself', async () => {
    await run(blockWith('docs/operations/upgrade.md', 'migrate auth'))
    await run(blockWith('docs/operations/monitoring.md', 'docker compose exec'))
  })
})
