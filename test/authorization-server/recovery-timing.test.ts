/** That the time of `/recover` does not tell whether there is an account: Welch's t over interleaved tries. */
import { expect, it } from '@jest/globals'
import { pageOf } from '../support/browser.js'
import { preferredDatabase } from '../support/databases.js'
import { startMailingServer } from './recovery-server.js'

const tries = 250

function statistics(samples: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = samples.reduce((sum, each) => sum + each, 0) / samples.length
  const squares = samples.reduce((sum, each) => sum + (each - mean) ** 2, 0)
  return { mean, variance: squares / (samples.length - 1) }
}

function welch(left: readonly number[], right: readonly number[]): number {
  const [a, b] = [statistics(left), statistics(right)]
  return Math.abs(a.mean - b.mean) / Math.sqrt(a.variance / left.length + b.variance / right.length)
}

/** Without the slowest twentieth, which is the machine's. */
const trimmed = (samples: readonly number[]) =>
  [...samples].sort((a, b) => a - b).slice(0, Math.floor(samples.length * 0.95))

it('Asking for a link takes as long for an address without an account as for one with it', async () => {
  const server = await startMailingServer(preferredDatabase())
  const browser = server.newBrowser()
  const url = `${server.issuer}/recover`
  const page = pageOf(await browser.open(url))
  const csrf = page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
  // As long as each other: the page repeats the address.
  const addresses = [server.account.email, 'eve@example.com'] as const
  const measure = async (): Promise<number> => {
    const times: [number[], number[]] = [[], []]
    for (let index = 0; index < tries * 2; index += 1) {
      const which = (index + Math.floor(index / 2)) % 2 === 0 ? 0 : 1
      const begun = performance.now()
      await browser.post(url, { csrf, email: addresses[which] }, url)
      times[which].push(performance.now() - begun)
    }
    return welch(trimmed(times[0]), trimmed(times[1]))
  }
  await measure()
  // A busy machine may disturb one of them; a difference would show in each.
  const measured: number[] = []
  for (let round = 0; round < 3 && (measured.at(-1) ?? 9) >= 4.5; round += 1) measured.push(await measure())
  expect(Math.min(...measured)).toBeLessThan(4.5)
  await server.close()
}, 180_000)
