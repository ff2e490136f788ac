/** A release from the commit that is checked out, built twice: what strangers do who want to know whether a release is of its sources. */
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { buildRelease, differences, git, hashesOf, otherSurroundings } from '../../../release/build.js'
import { mistakesOf, signChecksums } from '../../../release/signature.js'
import { temporaryFolder } from '../../support/run-folder.js'

const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync('package.json', 'utf8')))
const names = ['guard', 'issuer-front', 'server'].map((name) => `gatehouse-${name}-${version}.tgz`)
const [bill, statement] = [`gatehouse-server-${version}.cdx.json`, `gatehouse-server-${version}.provenance.json`]

let commit: string
let first: string
let second: string

beforeAll(async () => {
  commit = await git('rev-parse', 'HEAD')
  const folder = join(temporaryFolder('release'), 'in', 'a', 'folder with another name')
  const builds = [
    buildRelease({ commit, folder: join(temporaryFolder('release'), 'first') }),
    buildRelease({ commit, folder, env: otherSurroundings }),
  ] as const
  ;[first, second] = await Promise.all(builds)
}, 900_000)

const textOf = (name: string) => readFileSync(join(first, name), 'utf8')

describe('two builds of one commit', () => {
  it('give equal bytes: tarballs, bill of materials, provenance and checksums', () => {
    expect(readdirSync(first).sort()).toEqual(['SHA256SUMS', ...names, bill, statement].sort())
    expect(differences(hashesOf(first), hashesOf(second))).toEqual([])
  })

  it('have the program, executable, and the image of a new database in the tarball of the server', () => {
    const listed = execFileSync('tar', ['-tvzf', join(first, names[2] ?? '')], { encoding: 'utf8' })
    expect(listed).toMatch(/^-rwxr-xr-x .* package\/dist\/main\.js$/m)
    expect(listed).toMatch(/ package\/dist\/embedded-databases\.br$/m)
    expect(listed).not.toMatch(/\.stamp$|\.env$|\/data\//m)
  })
})

describe('the bill of materials', () => {
  it('names the packages of the lock file with their hashes, and no moment of the build', async () => {
    const schema = z.object({
      serialNumber: z.undefined().optional(),
      metadata: z.object({ timestamp: z.string(), component: z.object({ name: z.string(), version: z.string() }) }),
      components: z.array(z.object({ name: z.string(), version: z.string(), hashes: z.array(z.unknown()).optional() })),
    })
    const { metadata, components } = schema.parse(JSON.parse(textOf(bill)))
    expect(metadata.component).toEqual({ name: 'gatehouse-server', version })
    expect(Date.parse(metadata.timestamp) / 1_000).toBe(Number(await git('show', '--no-patch', '--format=%ct', commit)))
    expect(components.length).toBeGreaterThan(100)
    expect(
      components
        .filter(({ hashes }) => hashes === undefined)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['guard', 'issuer-front'])
    expect(components.map(({ name }) => name)).toEqual(expect.arrayContaining(['jose', 'oidc-provider']))
  })
})

describe('the provenance', () => {
  it('says of which commit each file is, and by which programs', () => {
    const file = z.object({ name: z.string(), digest: z.record(z.string(), z.string()) })
    const definition = z.object({
      externalParameters: z.object({ commit: z.string(), version: z.string() }),
      internalParameters: z.object({ tools: z.object({ node: z.string(), npm: z.string() }) }),
      resolvedDependencies: z.array(file.partial({ digest: true })),
    })
    const schema = z.object({
      subject: z.array(file),
      predicateType: z.literal('https://slsa.dev/provenance/v1'),
      predicate: z.object({ buildDefinition: definition }),
    })
    const { subject, predicate } = schema.parse(JSON.parse(textOf(statement)))
    const built = hashesOf(first)
    expect(subject.map(({ name, digest }) => [name, digest['sha256']])).toEqual(
      [...names, bill].sort().map((name) => [name, built.get(name)]),
    )
    const { externalParameters, internalParameters, resolvedDependencies } = predicate.buildDefinition
    expect(externalParameters).toEqual({ commit, version })
    expect(internalParameters.tools.node).toBe(process.version)
    expect(resolvedDependencies[0]).toEqual({ name: 'source', digest: { gitCommit: commit } })
    expect(resolvedDependencies.map(({ name }) => name)).toContain('postgres:17-trixie')
  })
})

describe('somebody who got the files', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  let got: string

  beforeAll(() => {
    got = temporaryFolder('got')
    cpSync(first, got, { recursive: true })
    signChecksums(got, privateKey)
  })

  it('checks them with the programs that the manual names', () => {
    const key = join(temporaryFolder('key'), 'release-key.pem')
    writeFileSync(key, publicKey)
    const run = (program: string, ...args: string[]) => execFileSync(program, args, { cwd: got, encoding: 'utf8' })
    expect(run('sha256sum', '--check', 'SHA256SUMS').match(/: OK$/gm)).toHaveLength(5)
    const signed = ['-verify', '-pubin', '-inkey', key, '-rawin', '-in', 'SHA256SUMS', '-sigfile', 'SHA256SUMS.sig']
    expect(run('openssl', 'pkeyutl', ...signed)).toContain('Signature Verified Successfully')
  })

  it('is told by the script when a byte, a file or the signature is another', () => {
    expect(mistakesOf(got, publicKey)).toEqual([])
    const changed = (change: (folder: string) => void) => {
      const folder = join(temporaryFolder('changed'), 'files')
      mkdirSync(folder)
      cpSync(got, folder, { recursive: true })
      change(folder)
      return mistakesOf(folder, publicKey)
    }
    const [guard = '', front = ''] = names
    expect(changed((folder) => appendFileSync(join(folder, guard), 'x'))).toEqual([`${guard} is not what was built`])
    expect(changed((folder) => copyFileSync(join(folder, guard), join(folder, front)))).toEqual([
      `${front} is not what was built`,
    ])
    expect(changed((folder) => rmSync(join(folder, bill)))).toEqual([`${bill} is missing`])
    expect(changed((folder) => appendFileSync(join(folder, 'SHA256SUMS'), '\n'))).toEqual([
      'SHA256SUMS.sig is not of this key',
    ])
    expect(changed((folder) => rmSync(join(folder, 'SHA256SUMS.sig')))).toEqual(['there is no SHA256SUMS.sig'])
    expect(
      changed((folder) =>
        signChecksums(
          folder,
          generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
        ),
      ),
    ).toEqual(['SHA256SUMS.sig is not of this key'])
  })
})
