/** The manifests of `npm run test:foreign`: what is installed from them is pinned, and by its content. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { foreignLibraries, pinnedVersion } from './foreign/libraries.js'

const read = (file: string) => readFileSync(new URL(`foreign/${file}`, import.meta.url), 'utf8')

describe('Foreign libraries', () => {
  it('have one test each, and every test is listed', () => {
    const tests = readdirSync(new URL('foreign', import.meta.url)).filter((file) => file.endsWith('.test.ts'))
    // Our own packages and the manual's servers, judged and run by the programs of others.
    const ofOurs = ['guarded-servers.test.ts', 'packages.test.ts', 'three-servers.test.ts']
    expect([...foreignLibraries.map(({ test }) => test), ...ofOurs].sort()).toEqual(tests.sort())
  })

  it.each(foreignLibraries.flatMap(({ names, language }) => names.map((name) => [language, name] as const)))(
    'are pinned to one version: %s, %s',
    (language, name) => {
      expect(pinnedVersion(language, name)).toMatch(/^\d+\.\d+\.\d+$/)
    },
  )

  it('for Python come with the hashes of every file', () => {
    const lines = read('python/requirements.txt').split('\n')
    const packages = lines.filter((line) => /^[a-z]/.test(line))
    expect(packages.length).toBeGreaterThan(30)
    expect(packages.filter((line) => !/^[\w-]+==\S+ (?:;.* )?\\$/.test(line))).toEqual([])
    const unhashed = packages.filter((line) => !/^ {4}--hash=sha256:/.test(lines[lines.indexOf(line) + 1] ?? ''))
    expect(unhashed).toEqual([])
  })

  it('for TypeScript come with the hash of every package', () => {
    const { packages } = z
      .object({ packages: z.record(z.string(), z.object({ integrity: z.string().optional() })) })
      .parse(JSON.parse(read('typescript/package-lock.json')))
    const loose = Object.entries(packages).filter(([path, { integrity }]) => path !== '' && integrity === undefined)
    expect(Object.keys(packages).length).toBeGreaterThan(5)
    expect(loose).toEqual([])
  })

  it('for Java come with the hash of every file', () => {
    const lines = read('java/libraries.sha256').trim().split('\n')
    expect(lines.length).toBeGreaterThan(30)
    expect(lines.filter((line) => !/^[0-9a-f]{64} {2}[\w.-]+\.jar$/.test(line))).toEqual([])
  })

  it('for Go are in go.sum with everything they need', () => {
    const sums = read('go/go.sum')
    const modules = [...read('go/go.mod').matchAll(/^\t(\S+ v\S+)/gm)].map(([, module = '']) => module)
    expect(modules.length).toBeGreaterThan(3)
    expect(modules.filter((module) => !sums.includes(`${module} h1:`))).toEqual([])
  })
})
