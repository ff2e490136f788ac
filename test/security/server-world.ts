/** What the attacks on the authorization server start from: one server, one honest client, one honest person. */
import { expect } from '@jest/globals'
import { readJson, type ServerOptions, startServer, type TestServer } from '../authorization-server/server.js'
import { isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { type Arrival, type Browser, describePage, type Page, pageOf } from '../support/browser.js'
import { preferredDatabase } from '../support/databases.js'
import { authorize, type Grant, newGrant, redeem, startAuthorization, type Tokens } from '../support/oauth-client.js'
import type { AttackedWorld } from './attack.js'

export interface ServerWorld extends AttackedWorld {
  readonly server: TestServer
  /** A public client on the person's own computer. */
  readonly grant: Grant
}

/** Parameters or fields by name: another value, several of the name, or none of it. */
export type Changes = Readonly<Record<string, string | readonly string[] | undefined>>

/** On PostgreSQL when this machine has it. Registers as many clients as a table needs. */
export async function startServerWorld(options: ServerOptions = {}): Promise<ServerWorld> {
  const server = await startServer(preferredDatabase(), {
    registration: { mode: 'open', limitPerAddress: 10_000, limitTotal: 10_000 },
    ...options,
  })
  const secrets = new Set([server.account.password])
  return { server, grant: await newGrant(server), logLines: server.logLines, secrets }
}

export function changed(parameters: URLSearchParams, changes: Changes): URLSearchParams {
  for (const [name, value] of Object.entries(changes)) {
    parameters.delete(name)
    for (const one of value === undefined ? [] : [value].flat()) parameters.append(name, one)
  }
  return parameters
}

/** An honest authorization request for `notes:read` with the state `state-1`, and what an attacker changes about it. */
export function authorizationUrl({ grant }: ServerWorld, changes: Changes = {}, by: Grant = grant): string {
  const { url } = startAuthorization(by.server, { ...by, scope: 'notes:read', parameters: { state: 'state-1' } })
  const attacked = new URL(url)
  changed(attacked.searchParams, changes)
  return attacked.href
}

export async function signInPage(
  world: ServerWorld,
  browser: Browser,
  changes: Changes = {},
  by: Grant = world.grant,
): Promise<Page> {
  const page = pageOf(await browser.open(authorizationUrl(world, changes, by)))
  if (!isSignInPage(page)) throw new Error(`no sign-in page: ${describePage(page)}`)
  return page
}

/** The consent page, after a sign-in unless the browser has a session. */
export async function consentPage(
  world: ServerWorld,
  browser: Browser,
  changes: Changes = {},
  by: Grant = world.grant,
): Promise<Page> {
  const first = pageOf(await browser.open(authorizationUrl(world, changes, by)))
  const page = isSignInPage(first) ? pageOf(await signIn(browser, first, world.server.account)) : first
  if (!isConsentPage(page)) throw new Error(`no consent page: ${describePage(page)}`)
  return page
}

/** The value of a hidden field, or ''. */
export function fieldOf(page: Page, name: string): string {
  return page.forms.flatMap(({ fields }) => fields).find((field) => field.name === name)?.value ?? ''
}

/** What a consent page's form sends when reading alone is ticked and allowed. */
export function decisionOf(page: Page) {
  const [csrf, seen] = [fieldOf(page, 'csrf'), fieldOf(page, 'seen')]
  return { csrf, seen, deliberate: '1', decision: 'allow', scope: 'notes:read' }
}

/** Posts exactly this to a page's form, with the browser's cookies and these headers, and follows nothing. */
export function postStep(
  browser: Browser,
  page: Page,
  step: string,
  fields: Changes,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const url = new URL(`${new URL(page.url).pathname}/${step}`, page.url)
  const cookie = browser.cookies.header(url)
  return fetch(url, {
    method: 'POST',
    redirect: 'manual',
    body: changed(new URLSearchParams(), fields),
    headers: { accept: 'text/html', ...(cookie === undefined ? {} : { cookie }), ...headers },
  })
}

export async function newCode(
  { server, secrets, grant }: ServerWorld,
  { by = grant, scope = 'notes:read notes:write', browser = server.newBrowser() } = {},
): Promise<{ readonly code: string; readonly codeVerifier: string }> {
  const { callback, codeVerifier } = await authorize(by, browser, { account: server.account }, scope)
  const code = callback.get('code') ?? ''
  secrets.add(code).add(codeVerifier)
  return { code, codeVerifier }
}

export async function newTokens(
  world: ServerWorld,
  options: { by?: Grant; scope?: string; browser?: Browser } = {},
): Promise<Tokens & { readonly refresh_token: string }> {
  const { code, codeVerifier } = await newCode(world, options)
  const { tokens, error } = await redeem(options.by ?? world.grant, code, codeVerifier)
  if (tokens?.refresh_token === undefined) throw new Error(`the token endpoint answered ${error}`)
  keepSecret(world, tokens)
  return { ...tokens, refresh_token: tokens.refresh_token }
}

/** Tokens of an answer must not stand in the log. */
export function keepSecret({ secrets }: AttackedWorld, tokens: Tokens | undefined): void {
  for (const token of [tokens?.access_token, tokens?.refresh_token, tokens?.id_token]) secrets.add(token ?? '')
}

export interface ProtocolAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
  readonly error: unknown
}

/** Posts a form to an endpoint that answers in JSON. */
export async function post(
  { server }: ServerWorld,
  path: string,
  fields: Changes | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<ProtocolAnswer> {
  const body = typeof fields === 'string' ? fields : changed(new URLSearchParams(), fields).toString()
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const response = await fetch(`${server.issuer}${path}`, {
    method: 'POST',
    redirect: 'manual',
    body,
    headers: { ...type, ...headers },
  })
  return answerOf(response)
}

export async function answerOf(response: Response): Promise<ProtocolAnswer> {
  const { status, headers } = response
  const isJson = headers.get('content-type')?.startsWith('application/json') === true
  const body = isJson ? await readJson(response) : { text: await response.text() }
  return { status, headers, body, error: body['error'] }
}

/** A page of ours, with an error, that sends nobody anywhere and repeats no markup. */
export async function expectErrorPage(response: Response, status = 400): Promise<string> {
  const html = await response.text()
  expect([response.status, response.headers.get('location')]).toEqual([status, null])
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(html).not.toMatch(/<script|<img|onerror=|javascript:|evil\.example/i)
  return html
}

/** The client's answer: the parameters of the redirect, from query and fragment. Throws when there is a page instead. */
export function answerAt(arrival: Arrival, redirectUri: string): Readonly<Record<string, string>> {
  if (!('left' in arrival)) throw new Error(`no redirect, but ${describePage(arrival.page)}`)
  const url = new URL(arrival.left)
  expect(`${url.origin}${url.pathname}`).toBe(redirectUri)
  return Object.fromEntries([...url.searchParams, ...new URLSearchParams(url.hash.slice(1))])
}
