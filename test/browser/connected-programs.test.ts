/** A person in Chromium, with mouse and keyboard: narrows one program and disconnects another while both are calling. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { launchChromium } from '../support/chromium.js'
import { eventually } from '../support/eventually.js'
import { callTool } from '../support/mcp-request.js'
import { newGrant, obtainTokens } from '../support/oauth-client.js'
import { type Stack, startStack } from '../support/stack.js'

describe('Connected programs, in Chromium', () => {
  let stack: Stack
  let chromium: Browser
  beforeAll(async () => {
    stack = await startStack({ database: 'embedded' })
    chromium = await launchChromium()
  })
  afterAll(async () => {
    await chromium?.close()
    await stack?.close()
  })

  it('are narrowed by the mouse and disconnected by the keyboard, while both are calling', async () => {
    const connect = async () => {
      const person = { account: stack.account }
      return obtainTokens(await newGrant(stack), stack.newBrowser(), person, 'notes:read notes:write')
    }
    const [ended, narrowed] = [await connect(), await connect()]
    const read = async (token: string) => (await callTool(stack.resource, token, 'list_notes')).status
    const write = async (token: string) =>
      (await callTool(stack.resource, token, 'create_note', { title: 'a', body: 'b' })).status
    const page = await chromium.newPage()
    await page.goto(`${stack.issuer}/account/apps`)
    await page.getByLabel('Email').focus()
    await page.keyboard.type(stack.account.email)
    await page.keyboard.press('Tab')
    await page.keyboard.type(stack.account.password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Connected programs' }).waitFor()
    // The newest stands first.
    const first = page.getByRole('article').first()
    await first.locator('input[value="notes:write"]').click()
    await first.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').waitFor()
    await eventually(async () => (await write(narrowed.access_token)) === 403)
    expect([await read(narrowed.access_token), await write(ended.access_token)]).toEqual([200, 200])
    await page.getByRole('article').last().getByRole('button', { name: 'Disconnect' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('Disconnected.').waitFor()
    await eventually(async () => (await read(ended.access_token)) === 401)
    expect(await read(narrowed.access_token)).toBe(200)
  })
})
