/**
 * The pictures of the manual, taken of the running product: pages in Chromium, light and dark, the doctor's report and the flow as SVG. With
 * WRITE_PICTURES=1 (`npm run docs:pictures`) they are written; without, a picture that no longer shows what the product shows is a failure.
 */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Browser, chromium, type Page } from 'playwright-core'
import { z } from 'zod'
import { manualPages } from '../../docs/generated-sections.mjs'
import { differingShare } from '../pictures/compare.js'
import { flowPicture, recordFlow } from '../pictures/flow.js'
import { terminalPicture } from '../pictures/terminal.js'
import { signInWithChromium } from '../support/chromium.js'
import { freePort } from '../support/free-port.js'
import { chromiumPath } from '../support/machine.mjs'
import { serverMetadataSchema, startAuthorization } from '../support/oauth-client.js'
import { type Stack, startStack } from '../support/stack.js'
import { builtProgram } from '../support/stack-process.js'

const folder = 'docs/pictures'
const isWriting = process.env['WRITE_PICTURES'] === '1'

/** Of all pixels. Another version of Chromium draws letters and edges a little otherwise. */
const tolerance = 0.03

/** What people read on the pictures, whatever ports the run has. */
const shown = { issuer: 'http://localhost:3000', mcp: 'http://localhost:4000' }

let stack: Stack
let browser: Browser
let ports: { readonly issuer: number; readonly mcp: number }

beforeAll(async () => {
  ports = { issuer: await freePort(), mcp: await freePort() }
  stack = await startStack({
    database: 'embedded',
    env: {
      ISSUER_URL: shown.issuer,
      RESOURCE_URL: `${shown.mcp}/mcp`,
      AUTH_PORT: String(ports.issuer),
      MCP_PORT: String(ports.mcp),
    },
  })
  const rules = [`MAP localhost:3000 127.0.0.1:${ports.issuer}`, `MAP localhost:4000 127.0.0.1:${ports.mcp}`].join(', ')
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--force-color-profile=srgb',
    `--host-resolver-rules=${rules}`,
  ]
  browser = await chromium.launch({ executablePath: chromiumPath(), args: [...args, '--font-render-hinting=none'] })
})

afterAll(async () => {
  if (isWriting) writeFileSync(writtenFile, `${JSON.stringify({ ...knownPages(), ...written }, null, 2)}\n`)
  await browser.close()
  await stack.close()
})

/** Registers as a client does, at the address that the server has in this run. */
function registered(): Promise<string> {
  const body = JSON.stringify({
    client_name: 'Claude Code',
    redirect_uris: ['http://127.0.0.1:33418/callback'],
    token_endpoint_auth_method: 'none',
  })
  const headers = { host: new URL(shown.issuer).host, 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: ports.issuer, path: '/register', method: 'POST', headers })
    asked.on('response', (response) => {
      let text = ''
      response.on('data', (chunk) => (text += String(chunk)))
      response.on('end', () => resolve((JSON.parse(text) as { client_id: string }).client_id))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

/** What a page says, and how wide its letters are: pixels tell nothing of a page that is drawn with another font. */
const writtenSchema = z.record(z.string(), z.object({ text: z.string(), letters: z.number() }))
type Written = z.infer<typeof writtenSchema>
const writtenFile = join(folder, 'pages.json')
const written: Written = {}
const knownPages = (): Written => writtenSchema.parse(JSON.parse(readFileSync(writtenFile, 'utf8')))

/** Compares what was taken with what the manual shows, or takes its place. */
function settleDrawing(name: string, drawing: string): void {
  const file = join(folder, name)
  if (isWriting) writeFileSync(file, drawing)
  else expect(drawing).toBe(readFileSync(file, 'utf8'))
}

async function settlePage(name: string, page: Page): Promise<void> {
  const file = join(folder, `${name}.png`)
  const text = (await page.evaluate<string>('document.body.innerText')).replaceAll(/\s+/g, ' ').trim()
  const letters = await page.evaluate<number>(
    `(() => { const probe = document.createElement('span'); probe.textContent = 'Gatehouse lets 42 clients in'
      document.querySelector('h1').append(probe); const { width } = probe.getBoundingClientRect(); probe.remove(); return Math.round(width * 10) })()`,
  )
  written[name] = { text, letters }
  const taken = await page.screenshot({ fullPage: true, animations: 'disabled', caret: 'hide' })
  if (isWriting) return writeFileSync(file, taken)
  const known = knownPages()[name]
  expect(text).toBe(known?.text)
  if (letters !== known?.letters) return
  const share = await differingShare(await browser.newPage(), readFileSync(file), taken)
  expect({ file, differs: share > tolerance, share }).toEqual({ file, differs: false, share })
}

describe.each(['light', 'dark'] as const)('pages in %s', (colorScheme) => {
  let page: Page
  let clientId: string

  beforeAll(async () => {
    const looks = { colorScheme, viewport: { width: 560, height: 400 }, deviceScaleFactor: 1.1, bypassCSP: true }
    page = await (await browser.newContext(looks)).newPage()
    clientId = await registered()
  })

  async function photograph(name: string): Promise<void> {
    // Machines without a desktop have no font of their own for `system-ui`; this one is near what most people see.
    await page.addStyleTag({ content: 'html { font-family: "Liberation Sans", system-ui }' })
    await settlePage(`${name}-${colorScheme}`, page)
  }

  it('sign-in, then consent', async () => {
    const server = serverMetadataSchema.parse(
      await page.request
        .get(`http://127.0.0.1:${ports.issuer}/.well-known/oauth-authorization-server`, {
          headers: { host: 'localhost:3000' },
        })
        .then((answer) => answer.json()),
    )
    const grant = { server, clientId, redirectUri: 'http://127.0.0.1:33418/callback', resource: `${shown.mcp}/mcp` }
    await page.goto(startAuthorization(server, { ...grant, scope: 'notes:read notes:write' }).url)
    await page.getByLabel('Email').waitFor()
    await photograph('sign-in')
    await signInWithChromium(page, stack.account)
    await page.getByRole('button', { name: 'Allow', exact: true }).waitFor()
    await photograph('consent')
  })

  it('how to connect', async () => {
    await page.goto(`${shown.issuer}/connect`)
    await photograph('connect')
  })
})

describe('drawn pictures', () => {
  let free: Stack
  beforeAll(async () => {
    free = await startStack({ database: 'embedded' })
  })
  afterAll(() => free.close())

  it('the doctor’s report: its first groups, and the sum', async () => {
    const env = { PATH: process.env['PATH'], NO_COLOR: '1' }
    const { stdout } = await promisify(execFile)(process.execPath, [builtProgram, 'doctor', free.resource], { env })
    const output = stdout.replaceAll(new URL(free.resource).origin, shown.mcp).replaceAll(free.issuer, shown.issuer)
    const groups = output.trim().split('\n\n')
    const report = [...groups.slice(0, 4), '…', ...groups.slice(-1)].join('\n\n')
    const title = 'The report of gatehouse doctor'
    settleDrawing('doctor.svg', terminalPicture(`gatehouse doctor ${shown.mcp}/mcp`, report, title))
  })

  it('the flow, recorded', async () => {
    settleDrawing('flow.svg', flowPicture(await recordFlow(free)))
  })
})

describe('the manual', () => {
  const shownFiles = manualPages().flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/(?:\]\(|\b(?:src|srcset)=")([^)"\s]+\.(?:png|svg|jpe?g|gif|webp))/g)].map(
      ([, file = '']) => join(path, '..', file),
    ),
  )

  it('shows no picture that is not made here or by npm run docs, and all of those', () => {
    const made = readdirSync(folder).flatMap((name) => (name.endsWith('.json') ? [] : [join(folder, name)]))
    expect([...new Set(shownFiles)].sort()).toEqual(made.sort())
  })

  it('has pictures that load at once', () => {
    expect(readdirSync(folder).filter((name) => statSync(join(folder, name)).size > 150_000)).toEqual([])
  })
})
