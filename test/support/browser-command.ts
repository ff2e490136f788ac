/**
 * A browser for programs that open one themselves: an executable to name in `BROWSER`. It hands the URL to this process, where
 * the cookie-jar browser walks through our pages and then calls the program's loopback address, as a real one would.
 */
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { completeAuthorization, type Person } from './authorization.js'
import type { Browser } from './browser.js'
import { listenOn } from './opened.js'
import { temporaryFolder } from './run-folder.js'

export interface BrowserCommand {
  /** For the environment of the program under test. */
  readonly environment: Readonly<Record<string, string>>
  /** Authorization requests that were opened. */
  readonly opened: readonly URL[]
  /** What went wrong on the way, if anything. */
  readonly failures: readonly string[]
  /** Who answers the next one. */
  person: Person
  close(): Promise<void>
}

function script(port: number): string {
  return `#!${process.execPath}
const request = require('node:http').request({ host: '127.0.0.1', port: ${port}, method: 'POST' }, (answer) => {
  answer.resume()
  process.exitCode = answer.statusCode === 204 ? 0 : 1
})
request.end(process.argv[2])
`
}

async function bodyOf(request: AsyncIterable<unknown>): Promise<string> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}

/** Calls the program back. Some programs start to listen only after they opened the browser: no person is that fast. */
async function deliver(callback: URL): Promise<Response> {
  for (let waited = 0; ; waited += 100) {
    try {
      return await fetch(callback)
    } catch (error) {
      if (waited >= 10_000) throw new Error(`nobody listens on ${callback.origin}`, { cause: error })
      await sleep(100)
    }
  }
}

/** Starts the listener behind the command. */
export async function startBrowserCommand(browser: Browser, person: Person): Promise<BrowserCommand> {
  const opened: URL[] = []
  const failures: string[] = []
  let current = person
  const visit = async (url: string) => {
    opened.push(new URL(url))
    const callback = new URL(await completeAuthorization(browser, url, current))
    if (!['localhost', '127.0.0.1'].includes(callback.hostname)) throw new Error(`sent to ${callback.origin}`)
    const answer = await deliver(callback)
    if (!answer.ok) throw new Error(`the program's callback answered ${answer.status}: ${await answer.text()}`)
  }
  const server = createServer(async (request, response) => {
    try {
      await visit(await bodyOf(request))
      response.statusCode = 204
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error))
      response.statusCode = 500
    }
    response.end()
  })
  await listenOn(server)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the listener has no port')
  const folder = temporaryFolder('browser')
  const command = join(folder, 'browser')
  writeFileSync(command, script(address.port))
  chmodSync(command, 0o755)
  return {
    // No DISPLAY along with it: with one, openers prefer the desktop's own browser.
    environment: { BROWSER: command },
    opened,
    failures,
    get person() {
      return current
    },
    set person(next) {
      current = next
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
