/** Every public endpoint of both servers, each with an honest request that gets as far in as a stranger can. */
import { pageOf } from '../support/browser.js'
import { startDevice } from '../support/device-client.js'
import { newGrant, obtainTokens, register, startAuthorization } from '../support/oauth-client.js'
import type { StackProcess } from '../support/stack-process.js'
import type { HonestRequest } from './random-requests.js'
import { fieldOf } from './server-world.js'

export interface Endpoint extends HonestRequest {
  readonly name: string
  readonly origin: string
}

/** Honest requests, and the secrets in them that must not be logged. */
export async function findEndpoints(stack: StackProcess): Promise<{
  readonly endpoints: readonly Endpoint[]
  readonly secrets: readonly string[]
  /** For the MCP server: it lives on, whatever happens at the issuer. */
  readonly accessToken: string
}> {
  const grant = await newGrant(stack)
  const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'
  const registered = await register(grant.server, {
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: ['authorization_code', 'refresh_token', deviceCode],
  })
  const browser = stack.newBrowser()
  const person = { account: stack.account }
  const tokens = await obtainTokens(grant, browser, person, 'openid notes:read notes:write')
  const device = await startDevice({ ...grant, clientId: grant.clientId }).catch(() => undefined)
  const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
  const page = pageOf(await browser.open(url))
  const step = new URL(page.url).pathname
  const cookie = browser.cookies.header(new URL(page.url)) ?? ''
  const stranger = stack.newBrowser()
  const signIn = pageOf(await stranger.open(startAuthorization(grant.server, grant).url))
  const strangersCookie = stranger.cookies.header(new URL(signIn.url)) ?? ''

  const { email, password } = stack.account
  const secret = registered.client_secret ?? ''
  const registrationToken = String(registered['registration_access_token'])
  const client = { client_id: registered.client_id, client_secret: secret }
  const query = Object.fromEntries(new URL(url).searchParams)
  const html = { accept: 'text/html' }
  const bearer = { authorization: `Bearer ${tokens.access_token}` }
  const metadata = {
    client_name: 'Property',
    redirect_uris: ['https://client.example/cb'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    contacts: ['ada@client.example'],
    client_uri: 'https://client.example/',
    jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: '1' }] },
  }
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_notes', arguments: { limit: 3 } } }
  const note = { ...call, params: { name: 'create_note', arguments: { title: 'a title', body: 'a body' } } }
  const stream = { accept: 'application/json, text/event-stream' }

  const issuer = { origin: new URL(stack.issuer).origin }
  const resource = { origin: new URL(stack.resource).origin }
  const { pathname: mcp } = new URL(stack.resource)
  const endpoints: readonly Endpoint[] = [
    { name: 'the home page', ...issuer, method: 'GET', path: '/', headers: html },
    {
      name: 'the connect page',
      ...issuer,
      method: 'GET',
      path: '/connect',
      query: { resource: stack.resource },
      headers: html,
    },
    { name: 'authorization', ...issuer, method: 'GET', path: '/authorize', query, headers: html },
    {
      name: 'authorization of a URL',
      ...issuer,
      method: 'GET',
      path: '/authorize',
      query: { ...query, client_id: 'https://127.0.0.1/x' },
    },
    {
      name: 'the way back',
      ...issuer,
      method: 'GET',
      path: `/authorize${step.replace('/interaction', '')}`,
      headers: { cookie },
    },
    { name: 'a page in between', ...issuer, method: 'GET', path: step, headers: { ...html, cookie } },
    {
      name: 'the sign-in form',
      ...issuer,
      method: 'POST',
      path: `${new URL(signIn.url).pathname}/sign-in`,
      headers: { ...html, cookie: strangersCookie },
      form: { csrf: fieldOf(signIn, 'csrf'), email, password: 'x' },
    },
    {
      name: 'the consent form',
      ...issuer,
      method: 'POST',
      path: `${step}/consent`,
      headers: { ...html, cookie },
      form: { csrf: fieldOf(page, 'csrf'), decision: 'x', scope: 'notes:read', seen: fieldOf(page, 'seen') },
    },
    { name: 'pushed requests', ...issuer, method: 'POST', path: '/par', form: query },
    {
      name: 'a code for tokens',
      ...issuer,
      method: 'POST',
      path: '/token',
      form: {
        grant_type: 'authorization_code',
        ...client,
        code: 'x',
        code_verifier: 'x'.repeat(43),
        redirect_uri: grant.redirectUri,
        resource: stack.resource,
      },
    },
    {
      name: 'a refresh',
      ...issuer,
      method: 'POST',
      path: '/token',
      form: {
        grant_type: 'refresh_token',
        client_id: grant.clientId,
        refresh_token: tokens.refresh_token ?? '',
        scope: 'notes:read',
        resource: stack.resource,
      },
    },
    {
      name: 'a machine’s token',
      ...issuer,
      method: 'POST',
      path: '/token',
      form: { grant_type: 'client_credentials', ...client },
    },
    {
      name: 'a device’s token',
      ...issuer,
      method: 'POST',
      path: '/token',
      form: { grant_type: deviceCode, ...client, device_code: device?.device_code ?? 'x' },
    },
    {
      name: 'a client’s assertion',
      ...issuer,
      method: 'POST',
      path: '/token',
      form: {
        grant_type: 'client_credentials',
        client_assertion: tokens.access_token,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      },
    },
    {
      name: 'device authorization',
      ...issuer,
      method: 'POST',
      path: '/device/authorize',
      form: { ...client, scope: 'notes:read' },
    },
    {
      name: 'the page for a code',
      ...issuer,
      method: 'GET',
      path: '/device',
      query: { user_code: 'BDWP-HQPK' },
      headers: { ...html, cookie },
    },
    {
      name: 'a device’s code',
      ...issuer,
      method: 'POST',
      path: '/device',
      headers: { ...html, cookie },
      form: { xsrf: 'x', user_code: 'BDWP-HQPK' },
    },
    { name: 'registration', ...issuer, method: 'POST', path: '/register', json: metadata },
    {
      name: 'a registration, read',
      ...issuer,
      method: 'GET',
      path: `/register/${registered.client_id}`,
      headers: { authorization: `Bearer ${registrationToken}` },
    },
    {
      name: 'a registration, changed',
      ...issuer,
      method: 'PUT',
      path: `/register/${registered.client_id}`,
      json: { ...metadata, ...client },
      headers: { authorization: 'Bearer x' },
    },
    {
      name: 'introspection',
      ...issuer,
      method: 'POST',
      path: '/introspect',
      form: { ...client, token: tokens.access_token, token_type_hint: 'access_token' },
    },
    { name: 'revocation', ...issuer, method: 'POST', path: '/revoke', form: { ...client, token: tokens.access_token } },
    {
      name: 'the revocation feed',
      ...issuer,
      method: 'POST',
      path: '/revocations',
      form: { ...client, after: 'x', wait: '0' },
    },
    { name: 'userinfo', ...issuer, method: 'GET', path: '/userinfo', headers: bearer },
    {
      name: 'the sign-out',
      ...issuer,
      method: 'GET',
      path: '/logout',
      query: {
        client_id: grant.clientId,
        id_token_hint: tokens.id_token ?? '',
        state: 'x',
        post_logout_redirect_uri: 'https://client.example/',
      },
    },
    {
      name: 'the sign-out form',
      ...issuer,
      method: 'POST',
      path: '/logout/confirm',
      form: { xsrf: 'x', logout: 'yes' },
    },
    {
      name: 'the set-up form',
      ...issuer,
      method: 'POST',
      path: '/setup',
      query: { token: 'x' },
      form: { csrf: 'x', email, password },
    },
    { name: 'server metadata', ...issuer, method: 'GET', path: '/.well-known/oauth-authorization-server' },
    { name: 'keys', ...issuer, method: 'GET', path: '/jwks' },
    { name: 'a tool call', ...resource, method: 'POST', path: mcp, json: call, headers: { ...bearer, ...stream } },
    {
      name: 'a tool call that writes',
      ...resource,
      method: 'POST',
      path: mcp,
      json: note,
      headers: { ...bearer, ...stream, 'mcp-protocol-version': '2025-06-18' },
    },
    { name: 'a batch', ...resource, method: 'POST', path: mcp, json: [call, note], headers: { ...bearer, ...stream } },
    { name: 'a tool call by nobody', ...resource, method: 'POST', path: mcp, json: call, headers: stream },
    { name: 'the connect page', ...resource, method: 'GET', path: mcp, headers: html },
    { name: 'resource metadata', ...resource, method: 'GET', path: `/.well-known/oauth-protected-resource${mcp}` },
  ]
  const secrets = [password, secret, registrationToken, tokens.access_token, tokens.refresh_token ?? '']
  const { access_token: accessToken } = await obtainTokens(await newGrant(stack), browser, person, 'notes:read')
  return { endpoints, secrets, accessToken }
}
