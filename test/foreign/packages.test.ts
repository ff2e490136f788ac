/** The library packages as strangers use them: installed by npm, judged by other people's linters, run on other runtimes. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { installPacked, type Packed, pack, root } from '../resource-server/packed-library.js'
import { freePort } from '../support/free-port.js'
import { killAfterwards } from '../support/opened.js'
import { temporaryFolder } from '../support/run-folder.js'
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.js'
import { placeOf } from './foreign-program.js'

const libraries = ['guard', 'issuer-front'] as const
const tools = join(placeOf('typescript'), 'node_modules')

const attwSchema = z.object({
  analysis: z.object({ packageName: z.string() }),
  problems: z.record(z.string(), z.array(z.object({ kind: z.string(), resolutionKind: z.string() }))).optional(),
})

let packed: Readonly<Record<(typeof libraries)[number], Packed>>

beforeAll(() => {
  const folder = temporaryFolder('packed')
  packed = { guard: pack('guard', folder), 'issuer-front': pack('issuer-front', folder) }
})

function bytesUnder(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .filter((found) => found.isFile())
    .reduce((sum, { size }) => sum + size, 0)
}

describe.each(libraries)('the package of %s', (name) => {
  it('brings jose and nothing else, in less than 2 MB', () => {
    const project = temporaryFolder('empty')
    writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true }')
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
    execFileSync('npm', ['install', ...flags, packed[name].tarball], { cwd: project, stdio: 'pipe' })
    const modules = join(project, 'node_modules')
    const installed = readdirSync(modules).filter((folder) => !folder.startsWith('.'))
    expect(installed.sort()).toEqual([packed[name].name, 'jose'].sort())
    expect(bytesUnder(modules)).toBeLessThan(2_000_000)
  })

  it('has a manifest in which publint finds nothing', () => {
    const cli = join(tools, 'publint', 'src', 'cli.js')
    const folder = join(root, 'packages', name)
    const output = execFileSync(process.execPath, [cli, folder, '--strict', '--pack', 'npm'], { encoding: 'utf8' })
    expect(output).toContain('All good!')
  })

  it('has types that resolve for ES modules, as are-the-types-wrong sees it', () => {
    const cli = join(tools, '@arethetypeswrong', 'cli', 'dist', 'index.js')
    const flags = ['--profile', 'esm-only', '--format', 'json', '--exclude-entrypoints', 'package.json']
    const output = execFileSync(process.execPath, [cli, packed[name].tarball, ...flags], { encoding: 'utf8' })
    const { analysis, problems = {} } = attwSchema.parse(JSON.parse(output))
    expect(analysis.packageName).toBe(packed[name].name)
    // What `exports` promises: ES modules, to programs that read `exports`.
    const promised = Object.values(problems).flat()
    const outside = ['node10', 'node16-cjs']
    expect(promised.filter(({ resolutionKind }) => !outside.includes(resolutionKind))).toEqual([])
  })
})

interface Program {
  readonly file: string
  /** At most ten lines. */
  readonly code: string
}

/** `PORT` and `ISSUER` stand for those of a run. */
const programs: Readonly<Record<string, Program>> = {
  Express: {
    file: 'express.ts',
    code: `import express from 'express'
import { createResourceServer } from 'gatehouse-guard'
import { authOf, protect } from 'gatehouse-guard/express'

const guard = createResourceServer({ resource: 'http://localhost:PORT/api', authorizationServers: 'ISSUER' })
const app = express().use(protect(guard))
app.get('/api', (request, response) => void response.json({ caller: authOf(request).clientId }))
app.listen(PORT)
`,
  },
  Fastify: {
    file: 'fastify.ts',
    code: `import fastify from 'fastify'
import { createResourceServer } from 'gatehouse-guard'
import { protect } from 'gatehouse-guard/fastify'

const guard = createResourceServer({ resource: 'http://localhost:PORT/api', authorizationServers: 'ISSUER' })
const app = fastify()
app.register(protect(guard)).get('/api', async (request) => ({ caller: request.auth.clientId }))
await app.listen({ port: PORT })
`,
  },
  Hono: {
    file: 'hono.ts',
    code: `import { serve } from '@hono/node-server'
import { createResourceServer } from 'gatehouse-guard'
import { protect } from 'gatehouse-guard/hono'
import { Hono } from 'hono'

const guard = createResourceServer({ resource: 'http://localhost:PORT/api', authorizationServers: 'ISSUER' })
const app = new Hono().use(protect(guard)).get('/api', (c) => c.json({ caller: c.get('auth').clientId }))
serve({ fetch: app.fetch, port: PORT })
`,
  },
  'CommonJS on node:http': {
    file: 'plain.cjs',
    code: `const { createResourceServer } = require('gatehouse-guard')
const { protect } = require('gatehouse-guard/node')
const guard = createResourceServer({ resource: 'http://localhost:PORT/api', authorizationServers: 'ISSUER' })
const handler = (request, response) => response.end(JSON.stringify({ caller: request.auth.clientId }))
require('node:http').createServer(protect(guard, handler)).listen(PORT)
`,
  },
  Bun: {
    file: 'bun.js',
    code: `import { createResourceServer } from 'gatehouse-guard'
import { protect } from 'gatehouse-guard/hono'
import { Hono } from 'hono'

const guard = createResourceServer({ resource: 'http://localhost:PORT/api', authorizationServers: 'ISSUER' })
const app = new Hono().use(protect(guard)).get('/api', (c) => c.json({ caller: c.get('auth').clientId }))
Bun.serve({ fetch: app.fetch, port: PORT })
`,
  },
  Deno: {
    file: 'deno.js',
    code: `import { createResourceServer } from 'gatehouse-guard'
import { protect } from 'gatehouse-guard/hono'
import { Hono } from 'hono'

const guard = createResourceServer({ resource: 'http://localhost:PORT/api', authorizationServers: 'ISSUER' })
const app = new Hono().use(protect(guard)).get('/api', (c) => c.json({ caller: c.get('auth').clientId }))
Deno.serve({ port: PORT }, app.fetch)
`,
  },
}

const compiler = join(root, 'node_modules/typescript/bin/tsc')
const compilerFlags = ['--strict', '--module', 'NodeNext', '--target', 'ES2023', '--types', 'node', '--skipLibCheck']

/** Where the program starts from: what the compiler made of it, without a complaint, or itself. */
function started(project: string, file: string): string {
  if (!file.endsWith('.ts')) return file
  execFileSync(process.execPath, [compiler, ...compilerFlags, file], { cwd: project, stdio: 'pipe' })
  return file.replace('.ts', '.js')
}

const others = {
  Bun: { path: join(tools, '@oven/bun-linux-x64-baseline/bin/bun'), flags: [] },
  Deno: { path: join(tools, '@deno/linux-x64-glibc/deno'), flags: ['run', '--allow-all', '--node-modules-dir=manual'] },
}

const runnable = Object.keys(programs).filter((name) => {
  const other = Object.entries(others).find(([runtime]) => runtime === name)?.[1]
  return other === undefined || existsSync(other.path)
})

describe('a server behind the guard, in ten lines', () => {
  let project: string
  let issuer: TokenIssuer

  beforeAll(async () => {
    project = temporaryFolder('consumer')
    const frameworks = ['express', 'fastify', 'hono', '@hono/node-server', '@types/node', '@types/express']
    installPacked([packed.guard], project, ['jose', ...frameworks])
    issuer = await startTokenIssuer()
  })

  it('runs on every runtime that the registry has for this machine', () => {
    const expected = process.platform === 'linux' && process.arch === 'x64' ? Object.keys(programs) : runnable
    expect(runnable).toEqual(expected)
    for (const { code } of Object.values(programs)) expect(code.trim().split('\n').length).toBeLessThanOrEqual(10)
  })

  it.each(runnable)('%s', async (name) => {
    const { file = '', code = '' } = programs[name] ?? {}
    const port = await freePort()
    writeFileSync(join(project, file), code.replaceAll('PORT', String(port)).replaceAll('ISSUER', issuer.issuer))
    const { path, flags } = others[name as keyof typeof others] ?? { path: process.execPath, flags: [] }
    const env = { PATH: process.env['PATH'], HOME: temporaryFolder('home'), NO_COLOR: '1' }
    const options = { cwd: project, env, stdio: ['ignore', 'ignore', 'inherit'] as const }
    killAfterwards(spawn(path, [...flags, started(project, file)], { ...options, stdio: [...options.stdio] }))
    const url = `http://localhost:${port}/api`
    const ask = (headers: Record<string, string> = {}) => fetch(url, { headers })
    let stranger: Response | undefined
    for (let waited = 0; stranger === undefined && waited < 30_000; waited += 100) {
      stranger = await ask().catch(() => undefined)
      if (stranger === undefined) await sleep(100)
    }
    expect(stranger?.status).toBe(401)
    expect(stranger?.headers.get('www-authenticate')).toContain('/.well-known/oauth-protected-resource/api')
    const good = await ask({ authorization: `Bearer ${await issuer.sign({ aud: url })}` })
    expect(await good.json()).toEqual({ caller: 'client-1' })
    const foreign = await ask({ authorization: `Bearer ${await issuer.sign({ aud: 'https://other.example/api' })}` })
    expect(foreign.status).toBe(401)
  })
})

describe('the manifests', () => {
  it('name only what is in the packages', () => {
    for (const name of libraries) {
      const { files } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
      for (const entry of files) expect(existsSync(join(root, 'packages', name, entry))).toBe(true)
    }
  })
})
