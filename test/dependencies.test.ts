import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'

const manifestSchema = z.object({
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
})
const lockSchema = z.object({
  lockfileVersion: z.number(),
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      integrity: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
      link: z.boolean().optional(),
    }),
  ),
})
const manifest = manifestSchema.parse(JSON.parse(readFileSync('package.json', 'utf8')))
const { packages } = lockSchema.parse(JSON.parse(readFileSync('package-lock.json', 'utf8')))

/** Licences that let anybody use, change and ship what is under them, in products of any kind. */
const permissive: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
  'Zlib',
])

/** Packages under another licence, or that do not name it in their manifest, each with the reason why it may be there. */
const looked: Readonly<Record<string, string>> = {
  elkjs: 'EPL-2.0: of the studio in the prisma command, unchanged; no program of ours loads it',
  'seq-queue': 'its LICENSE file is MIT',
}

/** Every licence of an expression such as `(MIT OR Apache-2.0)`; with OR one would do, but so far all are fine. */
const licencesOf = (expression: string) => expression.replace(/[()]/g, '').split(/\s+(?:and|or)\s+/i)

/** The server itself, and the libraries of this repository, each of which npm also links into node_modules. */
const isOurs = (path: string, link = false) => link || !path.startsWith('node_modules/')

const shipped = Object.entries(packages)
  .filter(([path, { dev, link }]) => !isOurs(path, link) && dev !== true)
  .map(([path, entry]) => ({ name: path.replace(/^.*node_modules\//, ''), ...entry }))

describe('Dependencies', () => {
  it('are named with one exact version each', () => {
    const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([])
    const locked = all.filter(([name, version]) => packages[`node_modules/${name}`]?.version !== version)
    expect(locked).toEqual([])
  })

  it('that are shipped are pinned by their content', () => {
    expect(shipped.length).toBeGreaterThan(100)
    const loose = shipped.filter(({ integrity }) => integrity?.startsWith('sha512-') !== true)
    expect(loose.map(({ name }) => name)).toEqual([])
  })

  it('that are shipped have licences that ask nothing of who uses them, but for those looked at', () => {
    const other = shipped.filter(
      ({ license }) => license === undefined || !licencesOf(license).every((one) => permissive.has(one)),
    )
    expect([...new Set(other.map(({ name }) => name))].sort()).toEqual(Object.keys(looked).sort())
  })
})
