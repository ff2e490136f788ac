/** What ends access, while everybody works: how long that takes to be felt, and that what ended never comes back. */
import { setTimeout as sleep } from 'node:timers/promises'
import { runCli } from '../cli/terminal.js'
import { type Account, isSignInPage } from '../support/authorization.js'
import { type Browser, pageOf } from '../support/browser.js'
import { callTool } from '../support/mcp-request.js'
import {
  completeCode,
  type Grant,
  newGrant,
  redeem,
  revoke,
  startAuthorization,
  type Tokens,
} from '../support/oauth-client.js'
import { type Fault, type Scene, seconds } from './fault.js'
import { now } from './readiness.js'
import type { World } from './world.js'

/** An operator's command, on the settings of the first authorization server. */
export async function operate({ auth: [first] }: World, args: readonly string[], input = ''): Promise<string> {
  const { exitCode, stdout, stderr } = await runCli(args, first.settings, input)
  if (exitCode !== 0) throw new Error(`gatehouse ${args.join(' ')} ended with ${exitCode}: ${stderr}`)
  return stdout
}

/** Somebody with a client and an access token of their own, apart from the load. */
export interface Holder {
  readonly account: Account
  readonly grant: Grant
  readonly browser: Browser
  readonly code: string
  readonly codeVerifier: string
  readonly tokens: Tokens
}

export async function newHolder(world: World, account: Account): Promise<Holder> {
  const [grant, browser] = [await newGrant(world), world.newBrowser()]
  const issued = await completeCode(grant, browser, { account }, { scope: 'openid notes:read' })
  const { tokens, error } = await redeem(grant, issued.code, issued.codeVerifier)
  if (tokens === undefined) throw new Error(`the token endpoint answered ${error}`)
  return { account, grant, browser, ...issued, tokens }
}

export async function isTaken({ resource }: World, { access_token: token }: Tokens): Promise<boolean> {
  const { status } = await callTool(resource, token, 'whoami')
  if (status !== 200 && status !== 401) throw new Error(`a tool call was answered ${status}`)
  return status === 200
}

const askEveryMs = 50
const givenUpSeconds = 60

/** Asks until the token was refused for `provenMs`. Resolves to the seconds from `since` to the first refusal. */
export async function untilRefused(
  { world, demand }: Scene,
  tokens: Tokens,
  since: number,
  provenMs: number,
): Promise<number> {
  let refusedAt: number | undefined
  while (refusedAt === undefined || now() - refusedAt < provenMs) {
    const isAccepted = await isTaken(world, tokens)
    const took = (now() - since) / 1_000
    if (!isAccepted) refusedAt ??= now()
    else if (refusedAt !== undefined) demand(false, 'I3: a token was accepted again after it had been refused')
    else if (took > givenUpSeconds) throw new Error(`I3: a token is still accepted ${seconds(took)} after its end`)
    await sleep(askEveryMs)
  }
  return (refusedAt - since) / 1_000
}

const password = 'velvet harbor sixteen pigeon ladder'

/** Each resolves when the end was acknowledged. */
const endings: Readonly<Record<string, (world: World, holder: Holder) => Promise<unknown>>> = {
  'refresh token revoked': (_world, { grant, tokens }) => revoke(grant, tokens.refresh_token ?? ''),
  'access token revoked': (_world, { grant, tokens }) => revoke(grant, tokens.access_token),
  'code used twice': (_world, { grant, code, codeVerifier }) => redeem(grant, code, codeVerifier),
  'client removed': (world, { grant }) => operate(world, ['clients', 'remove', grant.clientId]),
  'password changed': (world, { account }) =>
    operate(world, ['accounts', 'set-password', account.email], `${password} anew\n`),
  'account disabled': (world, { account }) => operate(world, ['accounts', 'disable', account.email]),
}

/** Signing out ends the session, and nothing else (docs/operations/revocation.md). */
async function signOut({ world, demand }: Scene, { browser, grant, tokens }: Holder, provenMs: number): Promise<void> {
  const page = pageOf(await browser.open(grant.server.end_session_endpoint ?? ''))
  await browser.press(page, 'Sign out')
  const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
  demand(isSignInPage(pageOf(await browser.open(url))), 'a browser that signed out is still signed in')
  await sleep(provenMs)
  demand(await isTaken(world, tokens), 'signing out ended access, which it should not')
}

export const feltEnd: Fault = {
  id: 'F12',
  name: 'grants, tokens, clients, accounts ended under load, 50 ms between two looks at the MCP server; people sign out',
  guarantee:
    'refused ≤ 2 s after the end was acknowledged, and never accepted again; a sign-out ends the session alone',
  quick: true,
  strike: async (scene) => {
    const { world, quick, demand } = scene
    const [rounds, provenMs] = quick ? [1, 500] : [4, 3_000]
    const took: { readonly kind: string; readonly seconds: number }[] = []
    let serial = 0
    const oneOfEach = Object.entries(endings).map(([kind, end]) => async () => {
      serial += 1
      const email = `leaving-${serial}@example.com`
      await operate(world, ['accounts', 'add', email], `${password}\n`)
      const holder = await newHolder(world, { email, password })
      demand(await isTaken(world, holder.tokens), `a token was refused before it ended (${kind})`)
      await end(world, holder)
      took.push({ kind, seconds: await untilRefused(scene, holder.tokens, now(), provenMs) })
    })
    for (let round = 0; round < rounds; round += 1) await Promise.all(oneOfEach.map((work) => work()))
    await signOut(scene, await newHolder(world, world.accounts.ada), provenMs)
    const worst = took.reduce((left, right) => (left.seconds > right.seconds ? left : right))
    // How soon is judged at full length; here that it comes, and stays.
    demand(quick || worst.seconds <= 2, `a token was accepted for ${seconds(worst.seconds)} after its end`)
    return [`${took.length} ends, the worst felt after ${worst.seconds.toFixed(2)} s (${worst.kind})`]
  },
}
