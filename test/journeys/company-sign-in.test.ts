/** Sign in with a second Gatehouse as the provider, as docs/operations/company-sign-in.md has it: both of them the whole product. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { consent, isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { type Browser, createBrowser, type Page, pageOf } from '../support/browser.js'
import { freePort } from '../support/free-port.js'
import { newGrant, startAuthorization } from '../support/oauth-client.js'
import { type Stack, startStack } from '../support/stack.js'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-company-'))
const secret = 'a-secret-that-both-of-them-know'
let company: Stack
let stack: Stack

beforeAll(async () => {
  const [companyPort, port] = [await freePort(), await freePort()]
  writeFileSync(join(folder, 'secret'), secret)
  writeFileSync(
    join(folder, 'company.yaml'),
    `clients:
  - client_id: tools
    client_name: Acme tools
    redirect_uris: [http://localhost:${port}/sign-in/work/callback]
    client_secret_file: secret
    consent: none
`,
  )
  writeFileSync(
    join(folder, 'gatehouse.yaml'),
    `identity_providers:
  - id: work
    name: Acme
    preset: gatehouse
    issuer: http://localhost:${companyPort}
    client_id: tools
    client_secret_file: secret
    authoritative_for: [example.com]
`,
  )
  const start = (name: string, at: number) =>
    startStack({
      database: 'embedded',
      env: { ISSUER_URL: `http://localhost:${at}`, GATEHOUSE_FILE: join(folder, name) },
    })
  company = await start('company.yaml', companyPort)
  stack = await start('gatehouse.yaml', port)
}, 120_000)
afterAll(async () => {
  await stack?.close()
  await company?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** At the company: its own sign-in page, and its consent page if it shows one. */
async function signInThere(browser: Browser, page: Page): Promise<Page> {
  let arrival = await browser.press(page, 'Continue with Acme')
  for (let pages = 0; pages < 3; pages += 1) {
    const there = pageOf(arrival)
    if (!there.url.startsWith(company.issuer)) return there
    arrival = isSignInPage(there) ? await signIn(browser, there, company.account) : await consent(browser, there)
  }
  return pageOf(arrival)
}

it('leads through the company to the consent page, and to a code', async () => {
  const browser = createBrowser([stack.issuer, stack.resource, company.issuer])
  const grant = await newGrant(stack)
  const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
  const page = await signInThere(browser, pageOf(await browser.open(url)))
  expect(isConsentPage(page)).toBe(true)
  expect(page.url.startsWith(stack.issuer)).toBe(true)
  const left = await consent(browser, page)
  expect('left' in left && new URL(left.left).searchParams.get('code')).toBeTruthy()
})

it('asks the company for a new sign-in when the program does', async () => {
  const browser = createBrowser([stack.issuer, stack.resource, company.issuer])
  const grant = await newGrant(stack)
  const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read', parameters: { prompt: 'login' } })
  const page = await signInThere(browser, pageOf(await browser.open(url)))
  expect(isConsentPage(page)).toBe(true)
  const again = pageOf(await browser.press(pageOf(await browser.open(url)), 'Continue with Acme'))
  expect([isSignInPage(again), again.url.startsWith(company.issuer)]).toEqual([true, true])
})
