/** The main job end to end, in plain fetch: from a bare MCP URL to authorized tool calls, with our own pages in between. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { Browser } from '../support/browser.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { callTool, structured } from '../support/mcp-request.js'
import {
  authorize,
  discover,
  type Grant,
  obtainTokens,
  redeem,
  refresh,
  register,
  revoke,
  type Tokens,
} from '../support/oauth-client.js'
import { type Stack, startStack } from '../support/stack.js'

describeOnDatabases('from a bare MCP URL to a tool call (%s)', (database) => {
  let stack: Stack
  let browser: Browser
  let grant: Grant
  let tokens: Tokens
  let noteId: string

  beforeAll(async () => {
    stack = await startStack({ database })
    browser = stack.newBrowser()
  })
  afterAll(() => stack.close())

  it('finds the authorization server from the challenge of the 401', async () => {
    const { challenge, resourceMetadata, serverMetadata } = await discover(stack.resource)
    expect(challenge['error']).toBeUndefined()
    expect(challenge['scope']).toContain('notes:read')
    expect(resourceMetadata).toMatchObject({ resource: stack.resource, authorization_servers: [stack.issuer] })
    expect(serverMetadata).toMatchObject({
      issuer: stack.issuer,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    })
    const { client_id: clientId } = await register(serverMetadata, { scope: challenge['scope'] })
    grant = {
      server: serverMetadata,
      clientId,
      redirectUri: 'http://127.0.0.1:41573/callback',
      resource: stack.resource,
    }
  })

  it('signs in, consents to reading, and comes back with a code, the state and the issuer', async () => {
    const { callback, codeVerifier, state } = await authorize(grant, browser, { account: stack.account }, 'notes:read')
    expect(callback.get('state')).toBe(state)
    expect(callback.get('iss')).toBe(stack.issuer)
    const answer = await redeem(grant, callback.get('code') ?? '', codeVerifier)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toContain('no-store')
    expect(answer.tokens).toMatchObject({ token_type: 'Bearer', scope: 'notes:read' })
    expect(answer.tokens?.refresh_token).toEqual(expect.any(String))
    if (answer.tokens !== undefined) tokens = answer.tokens
  })

  it('was given an RFC 9068 access token for the one audience', () => {
    expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({ typ: 'at+jwt', alg: 'ES256' })
    expect(decodeJwt(tokens.access_token)).toMatchObject({
      iss: stack.issuer,
      aud: stack.resource,
      client_id: grant.clientId,
      scope: 'notes:read',
    })
  })

  it('calls tools that need no more than reading', async () => {
    expect(structured(await callTool(stack.resource, tokens.access_token, 'list_notes'))).toMatchObject({ notes: [] })
    const me = structured(await callTool(stack.resource, tokens.access_token, 'whoami'))
    expect(JSON.stringify(me)).toContain(grant.clientId)
  })

  it('is told by a 403 which scopes writing needs', async () => {
    const answer = await callTool(stack.resource, tokens.access_token, 'create_note', { title: 'One', body: 'First' })
    expect(answer.status).toBe(403)
    expect(answer.challenge['error']).toBe('insufficient_scope')
    expect(answer.challenge['scope']?.split(' ')).toContain('notes:write')
    expect(answer.challenge['resource_metadata']).toContain('/.well-known/oauth-protected-resource')
  })

  it('steps up to writing without a second sign-in, and writes', async () => {
    tokens = await obtainTokens(grant, browser, { account: stack.account }, 'notes:read notes:write')
    expect(tokens.scope?.split(' ').sort()).toEqual(['notes:read', 'notes:write'])
    const created = structured(
      await callTool(stack.resource, tokens.access_token, 'create_note', { title: 'One', body: 'First words' }),
    )
    expect(created['id']).toEqual(expect.any(String))
    noteId = String(created['id'])
    expect(structured(await callTool(stack.resource, tokens.access_token, 'read_note', { id: noteId }))).toMatchObject({
      title: 'One',
      body: 'First words',
    })
  })

  it('steps up to deleting, and deletes', async () => {
    const refused = await callTool(stack.resource, tokens.access_token, 'delete_note', { id: noteId })
    expect(refused.status).toBe(403)
    expect(refused.challenge['scope']?.split(' ')).toContain('notes:delete')
    const scope = 'notes:read notes:write notes:delete'
    tokens = await obtainTokens(grant, browser, { account: stack.account }, scope)
    structured(await callTool(stack.resource, tokens.access_token, 'delete_note', { id: noteId }))
    const gone = await callTool(stack.resource, tokens.access_token, 'read_note', { id: noteId })
    expect(gone.reply?.result?.isError).toBe(true)
  })

  it('refreshes with rotation, and the new token has the same scopes and audience', async () => {
    const answer = await refresh(grant, tokens.refresh_token ?? '')
    expect(answer.status).toBe(200)
    expect(answer.tokens?.refresh_token).not.toBe(tokens.refresh_token)
    expect(answer.tokens?.scope?.split(' ')).toContain('notes:delete')
    if (answer.tokens !== undefined) tokens = answer.tokens
    expect(decodeJwt(tokens.access_token).aud).toBe(stack.resource)
    structured(await callTool(stack.resource, tokens.access_token, 'list_notes'))
  })

  it('revokes the refresh token, which then refreshes no more', async () => {
    expect(await revoke(grant, tokens.refresh_token ?? '')).toBe(200)
    expect(await refresh(grant, tokens.refresh_token ?? '')).toMatchObject({ status: 400, error: 'invalid_grant' })
  })

  it('leaves no token, code, password or cookie in the log', () => {
    const log = stack.logLines.join('\n')
    for (const secret of [tokens.access_token, tokens.refresh_token ?? '', stack.account.password]) {
      expect(log).not.toContain(secret)
    }
    expect(log).not.toMatch(/"(cookie|authorization|set-cookie)":"(?!\[)/i)
  })
})
