/** What the manual promises to who installs a tarball: types resolve, ten lines protect an Express server, SDK clients get in. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sectionText } from '../manual/pages.js'
import { freePort } from '../support/free-port.js'
import { killAfterwards } from '../support/opened.js'
import { temporaryFolder } from '../support/run-folder.js'
import { callThroughSdkV1, SdkV1Provider } from '../support/sdk-v1-client.js'
import { callThroughSdkV2, connectSdkV2, SdkV2Provider } from '../support/sdk-v2-client.js'
import { type Stack, startStack } from '../support/stack.js'
import {
  guardEntry,
  installPacked,
  loadedBy,
  manualExample,
  type Packed,
  pack,
  packageExample,
  packages,
  root,
} from './packed-library.js'

let packed: Readonly<Record<keyof typeof packages, Packed>>
let project: string

beforeAll(() => {
  const folder = temporaryFolder('packed')
  packed = {
    server: pack('server', folder),
    guard: pack('guard', folder),
    'issuer-front': pack('issuer-front', folder),
  }
  project = temporaryFolder('project')
  installPacked([packed.guard, packed['issuer-front']], project, [
    'jose',
    'express',
    'fastify',
    'hono',
    '@types/node',
    '@types/express',
    '@types/koa',
    '@modelcontextprotocol/node',
    '@modelcontextprotocol/server',
    '@modelcontextprotocol/sdk',
  ])
})

describe('the tarball', () => {
  it('of the server holds what runs and nothing that is not for others', () => {
    const { files } = packed.server
    const folders = new Set(files.map((file) => file.split('/')[0]))
    expect([...folders].sort()).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json', 'prisma', 'views'].sort(),
    )
    for (const needed of ['dist/main.js', 'views/consent.ejs']) expect(files).toContain(needed)
    expect(files.some((file) => /^prisma\/auth\/migrations\/.*\.sql$/.test(file))).toBe(true)
    expect(files.filter((file) => /\.env|\.stamp|\.test\.|\/data\//.test(file))).toEqual([])
  })

  it.each(['guard', 'issuer-front'] as const)('of the library %s holds its code and what says what it is', (name) => {
    const { files, unpackedSize } = packed[name]
    const others = files.filter((file) => !/^dist\/[\w-]+\/[\w-]+\.(js|d\.ts)$/.test(file))
    expect(others.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'])
    expect(unpackedSize).toBeLessThan(1_000_000)
    const manifest = JSON.parse(readFileSync(join(root, packages[name], 'package.json'), 'utf8'))
    expect(Object.keys(manifest.dependencies)).toEqual(['jose'])
    for (const target of Object.values<{ types: string; default: string }>(manifest.exports))
      if (typeof target !== 'string')
        for (const file of [target.types, target.default]) expect(files).toContain(file.replace('./', ''))
  })

  it('of the guard has the size that the manual says, and loads one package', () => {
    const said = /The tarball has (\d+) kB\. Importing it loads (\d+) files with (\d+) kB/.exec(sectionText('library'))
    const { bytes, files, packages } = loadedBy(guardEntry)
    const [, tarballSize, fileCount, loadedSize] = (said ?? []).map(Number)
    const within = (stated: number | undefined, is: number) => Math.abs((stated ?? 0) - is) / is
    expect(packages).toEqual(['jose'])
    // Rounded figures, brought up to date by `npm run docs`.
    expect(within(tarballSize, packed.guard.size / 1000)).toBeLessThan(0.25)
    expect(within(loadedSize, bytes / 1000)).toBeLessThan(0.25)
    expect(within(fileCount, files.length)).toBeLessThan(0.25)
  })

  it('explains itself by examples that the manual runs', () => {
    expect(packageExample('guard')).toBe(manualExample())
    expect(packageExample('issuer-front')).toBe(/^```ts\n([\s\S]*)```\n$/.exec(sectionText('issuer-front'))?.[1])
  })

  it('of the guard has at most sixty public names', () => {
    const surface = readFileSync(join(root, 'test/resource-server/api.txt'), 'utf8')
    const [, section = ''] = surface.split(/^# gatehouse-guard$/m)
    const names = section
      .split(/^# /m)[0]
      ?.match(/^export (?:declare )?(?:async )?(?:function|const|class|interface|type) \w+/gm)
    expect(new Set(names).size).toBeLessThanOrEqual(60)
    expect(new Set(names).size).toBeGreaterThan(40)
  })
})

describe('importing it', () => {
  it('needs jose alone, does nothing, and gives named exports', () => {
    const bare = temporaryFolder('bare')
    installPacked([packed.guard], bare, ['jose'])
    const subpaths = ['', '/express', '/fastify', '/hono', '/koa', '/node'].map((path) => `gatehouse-guard${path}`)
    const code = `
      const globals = Object.getOwnPropertyNames(globalThis).length
      const modules = await Promise.all(${JSON.stringify(subpaths)}.map((path) => import(path)))
      const names = modules.map((module) => Object.keys(module).filter((name) => name === 'default' || name === 'protect'))
      const kept = Object.getOwnPropertyNames(globalThis).length === globals
      console.log(JSON.stringify({ names, kept, working: process.getActiveResourcesInfo().filter((name) => /Time|TCP|Server/.test(name)) }))`
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: bare, encoding: 'utf8' })
    const adapters = Array.from({ length: 5 }, () => ['protect'])
    expect(JSON.parse(output)).toEqual({ names: [[], ...adapters], kept: true, working: [] })
  })
})

/** Checks files of the project with the compiler; the output, '' when all is well. */
function check(...files: string[]): string {
  const settings = ['--noEmit', '--strict', '--module', 'NodeNext', '--target', 'ES2023', '--types', 'node']
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  try {
    // skipLibCheck: of other packages' declarations, not of what is used of ours.
    return execFileSync(process.execPath, [compiler, '--skipLibCheck', ...settings, ...files], {
      cwd: project,
      encoding: 'utf8',
    })
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout ?? error)
  }
}

const uses = `
import type { AuthInfo as AuthInfoV1 } from '@modelcontextprotocol/sdk/server/auth/types.js'
import type { AuthInfo as AuthInfoV2 } from '@modelcontextprotocol/server'
import express from 'express'
import fastify from 'fastify'
import { createIssuerDiscovery, createIssuerFront, serveFront } from 'gatehouse-issuer-front'
import { createResourceServer, type AuthInfo, type ResourceServer } from 'gatehouse-guard'
import { authOf, protect as expressProtect } from 'gatehouse-guard/express'
import { protect as fastifyProtect, publishMetadata } from 'gatehouse-guard/fastify'
import { protect as honoProtect } from 'gatehouse-guard/hono'
import { protect as koaProtect } from 'gatehouse-guard/koa'
import { protect as nodeProtect } from 'gatehouse-guard/node'
import { Hono } from 'hono'
import Koa from 'koa'
declare const auth: AuthInfo
const v1: AuthInfoV1 = auth
const v2: AuthInfoV2 = auth
const server: ResourceServer = createResourceServer({
  resource: 'https://mcp.example/mcp',
  authorizationServers: ['https://a.example', { issuer: 'https://b.example', introspection: { clientId: 'rs', clientSecret: 's' } }],
  operations: { tools: { read: { scopes: ['notes:read'] } } },
})
express().use(expressProtect(server)).get('/', (request) => void authOf(request).clientId.length)
void fastify().register(publishMetadata(server)).register(fastifyProtect(server)).get('/', async (request) => request.auth.scopes.length)
new Hono().use(honoProtect(server)).get('/', (c) => c.text(c.get('auth').clientId))
new Koa().use(koaProtect(server)).use((ctx) => void ctx.state.auth.clientId.length)
nodeProtect(server, (request, response) => void response.end(request.auth.clientId))
const clock = { now: () => new Date() }
const front = createIssuerFront({
  issuer: 'https://mcp.example',
  upstream: createIssuerDiscovery({ issuer: 'https://login.example', fetch, clock }),
  registration: { url: 'http://hydra:4445/admin/clients' },
  secret: 's',
  fetch,
  clock,
})
express().use(serveFront(front))
export { v1, v2 }
`

describe('its types', () => {
  it('resolve in every framework, for the code of the manual and both SDKs', () => {
    writeFileSync(join(project, 'readme.ts'), manualExample())
    writeFileSync(join(project, 'uses.ts'), uses)
    expect(check('readme.ts', 'uses.ts')).toBe('')
  })

  it('let no mistake through', () => {
    const mistakes = [
      `createResourceServer({ resource: 'https://mcp.example/mcp' })`,
      `createResourceServer({ resource: '', authorizationServers: '', requiredScope: [] })`,
      `(await createResourceServer([]).decide(new Request(''))).serve.accessToken`,
      `import('gatehouse-guard/dist/resource-server/bearer.js')`,
    ]
    const files = mistakes.map((_, index) => `mistake-${index}.ts`)
    for (const [index, mistake] of mistakes.entries()) {
      const code = `import { createResourceServer } from 'gatehouse-guard'\nvoid createResourceServer\nvoid ${mistake}\n`
      writeFileSync(join(project, files[index] ?? ''), code)
    }
    const found = [...check(...files).matchAll(/^(mistake-\d\.ts)\(3,/gm)].map(([, file]) => file)
    expect([...new Set(found)].sort()).toEqual(files)
  })
})

describe('the server of the manual', () => {
  let stack: Stack
  let server: ChildProcess
  let resource: string

  beforeAll(async () => {
    const port = await freePort()
    resource = `http://localhost:${port}/mcp`
    const described = join(project, 'gatehouse.yaml')
    writeFileSync(described, manualExample('resource').replace('http://localhost:8080/mcp', resource))
    const env = { RESOURCE_URL: '', GATEHOUSE_FILE: described }
    stack = await startStack({ database: 'embedded', env, resource, overrides: { only: 'auth' } })
    const code = manualExample().replaceAll('http://localhost:3000', stack.issuer).replaceAll('8080', String(port))
    writeFileSync(join(project, 'server.js'), code)
    server = killAfterwards(
      spawn(process.execPath, ['server.js'], { cwd: project, stdio: ['ignore', 'ignore', 'inherit'] }),
    )
    for (let waited = 0; waited < 30_000; waited += 100) {
      if (
        await fetch(resource).then(
          () => true,
          () => false,
        )
      )
        return
      await sleep(100)
    }
    throw new Error('the server did not start')
  })

  afterAll(async () => {
    server.kill()
    await Promise.all([server.exitCode === null ? once(server, 'exit') : undefined, stack.close()])
  })

  const person = () => ({ account: stack.account, allow: ['tickets:read'] })

  it.each(['auto', 'legacy'] as const)('lets SDK 2.x in: %s', async (mode) => {
    const provider = new SdkV2Provider(stack.newBrowser(), person())
    const connection = await connectSdkV2(resource, provider, mode)
    const answer = await callThroughSdkV2(connection, provider, 'whoami')
    await connection.client.close()
    expect(answer.content).toEqual([{ type: 'text', text: expect.stringMatching(/^[\w-]{10,}$/) }])
    expect(provider.requests[0]?.searchParams.get('scope')).toContain('tickets:read')
  })

  it('lets SDK 1.x in', async () => {
    const provider = new SdkV1Provider(stack.newBrowser(), person())
    const answer = await callThroughSdkV1(resource, provider, 'whoami')
    expect(answer).toMatchObject({ content: [{ type: 'text', text: expect.stringMatching(/^[\w-]{10,}$/) }] })
  })

  it('lets nobody else in', async () => {
    expect((await fetch(resource, { method: 'POST' })).status).toBe(401)
    expect((await fetch(resource, { method: 'POST', headers: { authorization: 'Bearer made.up.token' } })).status).toBe(
      401,
    )
  })
})
