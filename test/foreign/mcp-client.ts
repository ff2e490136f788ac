/** What every foreign MCP client must be able to do: `describeMcpClient` tests one library. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { z } from 'zod'
import { firstAnswer } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { mcpRequest } from '../support/mcp-request.js'
import { discoverServer } from '../support/oauth-client.js'
import { type Stack, startStack } from '../support/stack.js'
import { describeIn, type ForeignProgram, type Language, startForeignProgram } from './foreign-program.js'

const tokensSchema = z.object({
  clientId: z.string(),
  clientSecret: z.string().nullish(),
  accessToken: z.string(),
  refreshToken: z.string(),
  scope: z.string(),
})

/** `program`: its file in the language's folder, which does the steps `signIn`, `callTool`, `tokens` and `expire`. */
export function describeMcpClient(library: string, language: Language, program: string): void {
  describeIn(language, library, () => {
    let stack: Stack
    let client: ForeignProgram

    const tokens = async () => tokensSchema.parse(await client.step('tokens'))
    const call = (name: string, toolArguments: Readonly<Record<string, unknown>> = {}) =>
      client.step('callTool', { name, arguments: toolArguments })

    beforeAll(async () => {
      stack = await startStack({ database: 'embedded' })
      client = await startForeignProgram(language, program, stack)
    })
    afterAll(async () => {
      await client?.close()
      await stack?.close()
    })

    it('signs in through the browser, and lists the tools', async () => {
      const redirect_uri = `http://127.0.0.1:${await freePort()}/callback`
      const { tools } = await client.step('signIn', { url: stack.resource, redirect_uri })
      expect(client.browser.failures).toEqual([])
      expect(client.browser.opened).toHaveLength(1)
      expect(tools).toEqual(expect.arrayContaining(['whoami', 'create_note', 'list_notes']))
    })

    it('calls tools that write and read', async () => {
      const title = `From ${library}`
      expect(await call('create_note', { title, body: 'b' })).toMatchObject({ isError: false })
      expect(JSON.stringify(await call('list_notes'))).toContain(title)
    })

    it('refreshes when its access token has expired, and keeps every scope', async () => {
      const before = await tokens()
      await client.step('expire')
      expect(await call('create_note', { title: 'After a refresh', body: 'b' })).toMatchObject({ isError: false })
      const after = await tokens()
      expect(after.accessToken).not.toBe(before.accessToken)
      expect(after.scope.split(' ').sort()).toEqual(before.scope.split(' ').sort())
      expect(client.browser.opened).toHaveLength(1)
    })

    it('asks the person for one more scope when a tool needs it', async () => {
      const { structuredContent } = await call('create_note', { title: 'To be deleted', body: 'b' })
      const { id } = z.object({ id: z.string() }).parse(structuredContent)
      expect(await call('delete_note', { id })).toMatchObject({ isError: false })
      expect(client.browser.failures).toEqual([])
      expect(client.browser.opened).toHaveLength(2)
      expect(JSON.stringify(await call('list_notes'))).not.toContain(id)
    })

    it('is refused after revocation, at the MCP server and at the token endpoint, until the person allows it again', async () => {
      const { clientId, clientSecret, accessToken, refreshToken } = await tokens()
      const { revocation_endpoint = '' } = await discoverServer(stack.issuer)
      const secret = typeof clientSecret === 'string' ? { client_secret: clientSecret } : {}
      const body = new URLSearchParams({ client_id: clientId, ...secret, token: refreshToken })
      expect((await fetch(revocation_endpoint, { method: 'POST', body })).status).toBe(200)
      await firstAnswer('refusal of the revoked access token', 10, async () => {
        const { status } = await mcpRequest(stack.resource, accessToken, 'tools/list')
        return status === 401 ? status : undefined
      })
      client.browser.person = { account: stack.account, denies: true }
      await client.step('expire')
      await expect(call('list_notes')).rejects.toThrow()
      expect(client.browser.opened).toHaveLength(3)
    })
  })
}
