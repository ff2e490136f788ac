/**
 * The threat table as tests. Groups A to J; each row is one attack and becomes one test. The rows of a subject stand in
 * `<subject>-attacks.ts`, which exports them as `attacks`; `<subject>.test.ts` starts one server and runs them on it.
 */
import { describe, expect, it } from '@jest/globals'

export type Group = 'A' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J'

export interface Attack<World> {
  /** Group and number of the class in the catalogue of threats. Several rows may have one: spellings of the same attack. */
  readonly id: `${Group}${number}`
  /** What is sent and what comes of it; no other row of this id has the same. */
  readonly name: string
  /** Who found it or who forbids it: a CVE, a section of an RFC, a requirement of ASVS. */
  readonly source: string
  /** Why the answer is another one than the source asks for: a decision of ours, and where it is written. */
  readonly note?: string
  /** Sends it and expects the answer. Rows run in their order, on one server. */
  readonly run: (world: World) => Promise<void>
}

/** What every row may use and the last test of a table looks at. */
export interface AttackedWorld {
  /** What the attacked servers have logged so far, one JSON text each. */
  readonly logLines: readonly string[]
  /** What must not stand in a log: rows add the passwords, codes, tokens and secrets that they send or get. */
  readonly secrets: Set<string>
}

/** One test per row, then one that the log holds no failure of ours and no secret. `world` is asked when a test runs. */
export function attackTable<World extends AttackedWorld>(
  group: Group,
  title: string,
  attacks: readonly Attack<World>[],
  world: () => World,
): void {
  describe(`${group}: ${title}`, () => {
    it.each(attacks.map((attack) => [attack.id, attack.name, attack.source, attack] as const))(
      '%s %s (%s)',
      (_id, _name, _source, attack) => attack.run(world()),
    )

    it('has rows of this group only, each once', () => {
      const names = attacks.map(({ id, name }) => `${id} ${name}`)
      expect(names.filter((name) => !name.startsWith(group))).toEqual([])
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
    })

    it('leaves no failure of ours and no secret in the log', () => {
      const { logLines, secrets } = world()
      expect(logLines.length).toBeGreaterThan(0)
      expect(failuresIn(logLines)).toEqual([])
      const log = logLines.join('\n')
      expect([...secrets].filter((secret) => secret !== '' && log.includes(secret))).toEqual([])
    })
  })
}

/** Log lines that tell of a mistake of the server: level error, or an answer of 500 and above other than a refusal for now (503). */
export function failuresIn(logLines: readonly string[]): readonly string[] {
  return logLines.filter((line) => {
    const { level, status } = JSON.parse(line)
    return level === 'error' || level === 'fatal' || (status >= 500 && status !== 503)
  })
}
