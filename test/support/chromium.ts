/** Chromium for tests, found by CHROMIUM_PATH or at Debian's place, talking to loopback only. Missing is a failure, not a skip. */
import { createServer } from 'node:http'
import { type Browser, chromium, type Page } from 'playwright-core'
import { type Account, type ScopeChoice, ticks } from './authorization.js'
import { chromiumPath } from './machine.mjs'
import { listenOn } from './opened.js'

const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function launchChromium(): Promise<Browser> {
  const executablePath = chromiumPath()
  return chromium.launch({ executablePath, args: quiet })
}

export interface CallbackListener {
  /** Where a client would have itself called back. */
  readonly redirectUri: string
  /** The next call's parameters. */
  received(): Promise<URLSearchParams>
  close(): Promise<void>
}

/** A client's loopback listener (RFC 8252 §7.3) that thanks and remembers. */
export async function startCallbackListener(host = '127.0.0.1'): Promise<CallbackListener> {
  const calls: URLSearchParams[] = []
  const waiting: ((parameters: URLSearchParams) => void)[] = []
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://client.test')
    if (pathname === '/callback') {
      const next = waiting.shift()
      if (next === undefined) calls.push(searchParams)
      else next(searchParams)
    }
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>Done</title><h1>The client has its answer</h1>')
  })
  await listenOn(server)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the listener has no port')
  return {
    redirectUri: `http://${host}:${address.port}/callback`,
    received: async () => calls.shift() ?? new Promise((resolve) => waiting.push(resolve)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Fills in the sign-in page that is shown. */
export async function signInWithChromium(page: Page, { email, password }: Account): Promise<void> {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Sets the boxes of the consent page that is shown and presses `Allow`. */
export async function consentWithChromium(page: Page, allow: ScopeChoice = 'all'): Promise<void> {
  await page.getByRole('button', { name: 'Allow', exact: true }).waitFor()
  const before = page.locator('details.before:not([open]) > summary')
  if (await before.count()) await before.click()
  if (allow !== 'as offered') {
    for (const box of await page.locator('input[type=checkbox][name=scope]').all()) {
      await box.setChecked(ticks(allow, (await box.getAttribute('value')) ?? ''))
    }
  }
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
  await confirmWithChromium(page)
}

/**
 * Decides once more, by `press`, if the server asks once more: it does where no script saw the person dwell on the page. Without a script
 * there is a number to type.
 */
export async function confirmWithChromium(page: Page, press: 'mouse' | 'keyboard' = 'mouse'): Promise<void> {
  await page.waitForLoadState()
  const heading = page.getByRole('heading', { name: 'Did you start this yourself?' })
  const isAsked = await heading.waitFor({ timeout: 3_000 }).then(
    () => true,
    () => false,
  )
  if (!isAsked) return
  // No page takes a decision in its first second.
  await page.waitForTimeout(1_200)
  await typeNumber(page)
  const allow = page.getByRole('button', { name: 'Allow', exact: true })
  if (press === 'mouse') return allow.click()
  await allow.focus()
  await page.keyboard.press('Enter')
}

/** Types the number that the second page asks for, if it asks for one. */
export async function typeNumber(page: Page): Promise<void> {
  const field = page.getByLabel('I started this myself')
  if (await field.count()) await field.fill(await numberOn(page))
}

/** As a person reads it. */
export async function numberOn(page: Page): Promise<string> {
  const label = await page.getByText('I started this myself').textContent()
  return /type \W?(\d{3})/.exec(label ?? '')?.[1] ?? ''
}
