/** `gatehouse explain`: an entry by its code, by the text of an answer, a log line or a terminal, and by a code of OAuth. */
import { describe, expect, it } from '@jest/globals'
import { runCli } from './terminal.js'

const firstLine = async (...words: string[]) => (await runCli(['explain', ...words], {})).stdout.split('\n')[0]

describe('gatehouse explain', () => {
  it('prints what an error means, who changes what, and a command', async () => {
    const { exitCode, stdout } = await runCli(['explain', 'redirect-uri-not-registered'], {})
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^redirect-uri-not-registered \(invalid_redirect_uri, invalid_request\)$/m)
    expect(stdout).toMatch(/^ {2}says: +redirect_uri did not match any of the client's registered redirect_uris$/m)
    expect(stdout).toMatch(/^ {2}means: +The client did not register the redirect URI of the request\./m)
    expect(stdout).toMatch(/^ {2}change: +Client developer: Send a registered redirect URI/m)
    expect(stdout).toMatch(/^ {2}see it: +curl -s /m)
    expect(stdout).toMatch(/^ {2}manual: +docs\/reference\/errors\.md#redirect-uri-not-registered$/m)
  })

  it('finds it by its text, whatever differs in it', async () => {
    expect(await firstLine('missing required parameter code_verifier')).toMatch(/^parameter-missing /)
    expect(await firstLine('We will not send you there')).toBe('bad-redirect')
    expect(await firstLine('WORKERS', 'must be auto or a whole number from 1 to 128')).toBe('setting-format')
    expect(await firstLine('audit event was not written')).toBe('audit-not-written')
    expect(await firstLine('the 401 carries no challenge')).toBe('challenge-missing')
  })

  it('lists the entries of an error code', async () => {
    const { stdout } = await runCli(['explain', 'invalid_grant'], {})
    expect(stdout).toMatch(/entries: +grant-invalid, code-not-found, /)
  })

  it('says so if no entry has the text', async () => {
    const { exitCode, stderr } = await runCli(['explain', 'an error that nobody planned'], {})
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no entry') })
    expect((await runCli(['explain'], {})).exitCode).toBe(2)
  })
})
