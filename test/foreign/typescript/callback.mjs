// The redirect URI of a native app on loopback (RFC 8252 §7.3), and the browser that the environment names.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'

export function openBrowser(url) {
  spawn(process.env.BROWSER, [url.toString()], { stdio: 'ignore' }).unref()
}

/** Listens at `redirectUri`; `wait` resolves to the URL that the browser was redirected to next. */
export async function listen(redirectUri) {
  const { hostname, port, origin } = new URL(redirectUri)
  const answers = []
  let wake = () => {}
  const server = createServer((request, response) => {
    response.end('You can close this window.')
    answers.push(new URL(request.url, origin))
    wake()
  })
  server.listen(Number(port), hostname)
  await once(server, 'listening')
  return {
    async wait() {
      if (answers.length === 0) {
        await new Promise((resolve, reject) => {
          wake = resolve
          setTimeout(() => reject(new Error('no answer reached the redirect URI within a minute')), 60_000).unref()
        })
      }
      return answers.shift()
    },
  }
}
