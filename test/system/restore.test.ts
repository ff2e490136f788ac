import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { runCli } from '../cli/terminal.js'
import { pageAt } from '../manual/pages.js'
import { createDatabase } from '../support/databases.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { callTool } from '../support/mcp-request.js'
import { type Grant, newGrant, obtainTokens, refresh, revoke } from '../support/oauth-client.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type Stack, startStack } from '../support/stack.js'

/** Lines of docs/operations/backup.md that begin like this, the first block that has some. They read the databases' URLs as the servers do. */
function documentedLines(program: string): string {
  const blocks = pageAt('docs/operations/backup.md').blocks.map(({ text }) => text.split('\n'))
  const lines = blocks
    .map((block) => block.filter((line) => line.startsWith(`${program} `)))
    .find(({ length }) => length > 0)
  expect(lines).toHaveLength(2)
  return (lines ?? []).join('\n')
}

/** In the folder of the dumps, with the programs of the server that the tests run on. */
const run = (program: string, folder: string, settings: Readonly<Record<string, string | undefined>>) =>
  promisify(execFile)('sh', ['-ec', documentedLines(program)], {
    cwd: folder,
    env: { ...settings, PATH: `${process.env['TEST_POSTGRES_BIN']}:${process.env['PATH']}` },
  })

describeOnPostgres('A database that was lost, and restored from a backup', () => {
  let stack: Stack
  let grant: Grant
  beforeAll(async () => {
    stack = await startStack({ database: 'postgresql' })
    grant = await newGrant(stack)
  })
  afterAll(() => stack.close())

  const signIn = async () => {
    const tokens = await obtainTokens(grant, stack.newBrowser(), { account: stack.account }, 'notes:read')
    return { access: tokens.access_token, refresh: tokens.refresh_token ?? '' }
  }
  const outcome = async (refreshToken: string) => {
    const { status, error } = await refresh(grant, refreshToken)
    return error ?? status
  }
  const calls = async (token: string) => (await callTool(stack.resource, token, 'list_notes')).status

  it('has what was there, and takes nothing that ended since once access is ended', async () => {
    const [kept, rotated, revokedBefore, revokedAfter] = [
      await signIn(),
      await signIn(),
      await signIn(),
      await signIn(),
    ]
    expect(await revoke(grant, revokedBefore.refresh)).toBe(200)

    // As docs/operations/backup.md says it, while people are served.
    const dumps = temporaryFolder('dump')
    const underLoad = Promise.all([signIn(), signIn()])
    await run('pg_dump', dumps, stack.settings)
    await underLoad

    const successor = (await refresh(grant, rotated.refresh)).tokens?.refresh_token ?? ''
    expect(await revoke(grant, revokedAfter.refresh)).toBe(200)
    const unknown = await signIn()
    await stack.stop()

    const restored = {
      DATABASE_URL: await createDatabase('restored'),
      NOTES_DATABASE_URL: await createDatabase('restored'),
    }
    await run('pg_restore', dumps, restored)
    stack = await startStack({ database: 'postgresql', env: { ...stack.settings, ...restored } })

    // Everything from before the backup holds, its revocations too; nothing newer is known.
    expect(await outcome(kept.refresh)).toBe(200)
    expect(await calls(kept.access)).toBe(200)
    expect(await outcome(revokedBefore.refresh)).toBe('invalid_grant')
    expect(await outcome(successor)).toBe('invalid_grant')
    expect(await outcome(unknown.refresh)).toBe('invalid_grant')
    // What the command is for: the backup does not know what ended after it.
    expect(await outcome(rotated.refresh)).toBe(200)
    const back = await refresh(grant, revokedAfter.refresh)
    expect(back.status).toBe(200)

    const early = await runCli(['access', 'end', '--before', '2026-01-01'], stack.settings)
    expect(early).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Ended 0 grants, 0 sessions/) })
    expect(await calls(revokedAfter.access)).toBe(200)
    const ended = await runCli(['access', 'end', '--before', 'now'], stack.settings)
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
    expect(ended.stdout).toMatch(/^Ended [3-9] grants, [1-9]\d* sessions, /)

    const gone = [kept, rotated, revokedAfter].map((one) => one.refresh)
    for (const token of [...gone, back.tokens?.refresh_token ?? '']) expect(await outcome(token)).toBe('invalid_grant')
    await eventually(async () => (await calls(revokedAfter.access)) === 401 && (await calls(kept.access)) === 401)
    // The client is known, the account is, and both may begin again.
    const anew = await signIn()
    expect(await calls(anew.access)).toBe(200)
    expect(await outcome(anew.refresh)).toBe(200)
    const audit = await runCli(['audit', 'list', '--event', 'access.ended', '--json'], stack.settings)
    expect(JSON.parse(audit.stdout)).toHaveLength(2)
  })
})
