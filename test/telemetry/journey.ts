/**
 * A life of the whole product with everything that is a secret in it: registration, sign-in, consent, codes, refreshes, replays,
 * tool calls, devices, machines, API keys, the command line. Collects each secret as it comes by. Does not judge: tests do.
 */
import { runCli } from '../cli/terminal.js'
import { completeAuthorization, consent, signIn } from '../support/authorization.js'
import { type Arrival, type Browser, type Page, pageOf } from '../support/browser.js'
import { deviceCodeGrant, poll, startDevice } from '../support/device-client.js'
import { callTool, mcpRequest } from '../support/mcp-request.js'
import {
  discoverServer,
  type Grant,
  redeem,
  refresh,
  register,
  requestTokens,
  revoke,
  startAuthorization,
  type Tokens,
} from '../support/oauth-client.js'
import type { Stack } from '../support/stack.js'

export interface Journey {
  /** By what they are. */
  readonly secrets: ReadonlyMap<string, string>
  /** Whole answers that went wrong, as their readers see them. */
  readonly errorPages: readonly string[]
  readonly clientId: string
  /** Everything after the sign-in carries this trace. */
  readonly traceId: string
}

/** What a client that is a URL says of itself; the fetch of the stack answers it. */
export const documentUrl = 'https://client.example/oauth/client.json'

const redirectUri = 'http://127.0.0.1:41573/callback'
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

class Collector {
  readonly secrets = new Map<string, string>()
  readonly errorPages: string[] = []

  note(name: string, value: string | undefined): string {
    // Shorter ones would be found by chance.
    if (value !== undefined && value.length > 7) this.secrets.set(`${name} ${this.secrets.size}`, value)
    return value ?? ''
  }

  tokens(tokens: Tokens | undefined): Tokens | undefined {
    this.note('access token', tokens?.access_token)
    this.note('refresh token', tokens?.refresh_token)
    this.note('ID token', tokens?.id_token)
    return tokens
  }

  page(arrival: Arrival): Page {
    const page = pageOf(arrival)
    for (const { name, value } of page.forms.flatMap(({ fields }) => fields)) {
      if (name === 'csrf' || name === 'xsrf') this.note('form token', value)
    }
    return page
  }

  cookies(browser: Browser, url: string): void {
    for (const cookie of (browser.cookies.header(new URL(url)) ?? '').split('; ')) {
      this.note('cookie', cookie.slice(cookie.indexOf('=') + 1))
    }
  }

  async refused(response: Response): Promise<void> {
    this.errorPages.push(`${response.status} ${await response.text()}`)
  }
}

/** A person signs in with a wrong password, then with theirs, and allows; the code is tried wrongly and redeemed twice. */
async function signInOnce(stack: Stack, seen: Collector, browser: Browser, grant: Grant): Promise<Tokens | undefined> {
  const started = startAuthorization(grant.server, {
    ...grant,
    scope: 'openid notes:read notes:write',
    parameters: { nonce: seen.note('nonce', 'nonce-that-nobody-should-log') },
  })
  seen.note('verifier', started.codeVerifier)
  seen.note('state', started.state)
  const first = seen.page(await browser.open(started.url))
  seen.note('interaction', new URL(first.url).pathname.split('/')[2])
  const wrong = { ...stack.account, password: seen.note('wrong password', 'a wrong password that nobody reads') }
  const again = seen.page(await signIn(browser, first, wrong))
  const page = seen.page(await signIn(browser, again, stack.account))
  for (const url of [stack.issuer, page.url]) seen.cookies(browser, url)
  const arrival = await consent(browser, page)
  seen.cookies(browser, stack.issuer)
  const code = seen.note('code', 'left' in arrival ? (new URL(arrival.left).searchParams.get('code') ?? '') : '')
  await redeem(grant, code, seen.note('wrong verifier', 'w'.repeat(50)))
  return seen.tokens((await redeem(grant, code, started.codeVerifier)).tokens)
}

async function wrongTurns(stack: Stack, seen: Collector, token: string): Promise<void> {
  const bearer = { authorization: `Bearer ${token}` }
  const form = {
    method: 'POST',
    body: new URLSearchParams({ grant_type: seen.note('made-up grant', 'grant-of-a-stranger') }),
  }
  for (const response of [
    await fetch(`${stack.issuer}/authorize?client_id=nobody&state=${seen.note('state', 'state-of-a-stranger')}`),
    await fetch(`${stack.issuer}/setup?token=${seen.note('set-up token', 'made-up-set-up-token')}`),
    await fetch(`${stack.issuer}/nowhere?token=${token}`, { headers: { ...bearer, accept: 'text/html' } }),
    await fetch(`${stack.issuer}/token`, form),
    await fetch(`${stack.issuer}/userinfo`, { headers: { authorization: `Bearer ${token.slice(0, -6)}AAAAAA` } }),
    await fetch(`${stack.resource}?access_token=${token}`, { method: 'POST', headers: { accept: 'text/html' } }),
    await fetch(stack.resource, {
      method: 'POST',
      headers: { ...bearer, 'content-type': 'application/json' },
      body: '{',
    }),
    await fetch(stack.resource, {
      method: 'POST',
      headers: { authorization: `Basic ${seen.note('Basic', 'bm9ib2R5OnNlY3JldA==')}` },
    }),
  ]) {
    await seen.refused(response)
  }
}

async function device(seen: Collector, browser: Browser, grant: Grant): Promise<void> {
  const started = await startDevice(grant, { scope: 'notes:read' })
  seen.note('device code', started.device_code)
  seen.note('user code', started.user_code)
  const page = seen.page(await browser.open(started.verification_uri_complete))
  const asked = seen.page(await browser.press(page, 'Continue'))
  seen.page(await consent(browser, asked))
  seen.tokens((await poll(grant, started.device_code)).tokens)
}

/** An operator's commands, and a program that uses what they made. */
async function commandLine(stack: Stack, seen: Collector, token: string): Promise<void> {
  const shown = (text: string, name: string) => new RegExp(`^${name} +(\\S+)$`, 'm').exec(text)?.[1] ?? ''
  const cli = async (args: readonly string[], input = '') => {
    const run = await runCli(args, stack.settings, input)
    if (run.exitCode !== 0) throw new Error(`${args.join(' ')}: ${run.stderr}`)
    return run.stdout
  }
  await cli(
    ['accounts', 'add', 'grace@example.com'],
    `${seen.note('password', 'seven quiet lanterns drift upstream')}\n`,
  )
  const client = ['clients', 'add', '--name', 'Machine', '--confidential', '--introspects', stack.resource]
  const added = await cli([...client, '--grant', 'client_credentials'])
  const clientId = shown(added, 'client_id')
  const clientSecret = seen.note('client secret', shown(added, 'client_secret'))
  const basic = seen.note('Authorization header', Buffer.from(`${clientId}:${clientSecret}`).toString('base64'))
  const headers = { authorization: `Basic ${basic}` }
  const server = await discoverServer(stack.issuer)
  seen.tokens((await requestTokens(server, { grant_type: 'client_credentials' }, headers)).tokens)
  await fetch(`${stack.issuer}/introspect`, { method: 'POST', headers, body: new URLSearchParams({ token }) })
  const key = seen.note('API key', shown(await cli(['api-keys', 'add', 'job', '--scopes', 'notes:read']), 'api_key'))
  await callTool(stack.resource, key, 'whoami')
  await callTool(stack.resource, `${key.slice(0, -4)}AAAA`, 'whoami')
}

/** Walks through all of it; every request after the first pages continues one trace. */
export async function live(stack: Stack): Promise<Journey> {
  const seen = new Collector()
  seen.note('password', stack.account.password)
  const server = await discoverServer(stack.issuer)
  const registered = await register(server, {
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token', deviceCodeGrant],
  })
  seen.note('registration access token', String(registered['registration_access_token']))
  const grant = { server, clientId: registered.client_id, redirectUri, resource: stack.resource }
  const browser = stack.newBrowser()
  const tokens = await signInOnce(stack, seen, browser, grant)
  const token = tokens?.access_token ?? ''
  await fetch(`${stack.issuer}/userinfo`, {
    headers: { authorization: `Bearer ${token}`, traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
  })
  await callTool(stack.resource, token, 'create_note', {
    title: seen.note('title', 'Where the spare key lies'),
    body: seen.note('body', 'Under the third flower pot'),
  })
  await callTool(stack.resource, token, 'delete_note', { id: 'x' })
  await callTool(stack.resource, token, seen.note('tool', 'tool-that-nobody-has'))
  await mcpRequest(stack.resource, token, 'tools/list', {})
  await wrongTurns(stack, seen, token)
  const rotated = seen.tokens((await refresh(grant, tokens?.refresh_token ?? '')).tokens)
  await refresh(grant, tokens?.refresh_token ?? '')
  await device(seen, browser, grant)
  const document = startAuthorization(server, { clientId: documentUrl, redirectUri, scope: 'notes:read' })
  const left = new URL(await completeAuthorization(browser, document.url, { account: stack.account }))
  seen.note('code', left.searchParams.get('code') ?? '')
  await revoke(grant, rotated?.access_token ?? '')
  await revoke(grant, rotated?.refresh_token ?? '')
  await commandLine(stack, seen, token)
  return { secrets: seen.secrets, errorPages: seen.errorPages, clientId: grant.clientId, traceId }
}
