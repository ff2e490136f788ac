import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { z } from 'zod'
import { settings } from '../src/config/settings.js'
import { mistakesOf } from './declarations/reading.js'

/** What the composed stack decides itself, or has no use for: the image sets HOST, both servers have a database, no loopback clients. */
const decided = ['HOST', 'DATA_DIR', 'dangerouslyAllowLoopbackClientMetadata']

describe('docker-compose.yml', () => {
  const names = new Set(
    readFileSync('docker-compose.yml', 'utf8')
      .match(/^ +\w+(?=:)/gm)
      ?.map((name) => name.trim()),
  )

  it.each(Object.keys(settings).filter((name) => !decided.includes(name)))('passes %s on', (name) => {
    expect(names.has(name) || names.has(`${name}_FILE`)).toBe(true)
  })

  it('holds no value of a secret', () => {
    const secrets = Object.entries(settings).filter(([, { secret }]: [string, { secret?: boolean }]) => secret === true)
    expect(secrets.length).toBeGreaterThan(3)
    for (const [name] of secrets) {
      expect(readFileSync('docker-compose.yml', 'utf8')).not.toMatch(new RegExp(`^ +${name}: *\\S`, 'm'))
    }
  })
})

describe('docker-compose.servers.yml', () => {
  const declared = readFileSync('docker/servers/gatehouse.yaml', 'utf8')
  const { services } = z
    .object({
      services: z.record(
        z.string(),
        z.looseObject({
          environment: z.record(z.string(), z.string()),
          entrypoint: z.array(z.string()).optional(),
          ports: z.array(z.string()).optional(),
          volumes: z.array(z.string()),
        }),
      ),
    })
    .parse(parse(readFileSync('docker-compose.servers.yml', 'utf8'), { merge: true }))

  it('mounts a file without mistakes, where both servers look for it', () => {
    expect(mistakesOf(declared)).toEqual([])
    for (const name of ['auth', 'mcp']) {
      expect(services[name]?.environment['GATEHOUSE_FILE']).toBe('/app/docker/servers/gatehouse.yaml')
      expect(services[name]?.volumes).toEqual(['./docker/servers:/app/docker/servers:ro'])
    }
  })

  it.each(['tickets', 'wiki'])('runs %s as a resource that the file declares', (name) => {
    const service = services[name]
    const url = service?.environment['RESOURCE'] ?? ''
    const { resources } = z
      .object({ resources: z.array(z.looseObject({ url: z.string(), scopes: z.record(z.string(), z.unknown()) })) })
      .parse({ resources: parse(declared).resources.filter((one: { readonly url?: unknown }) => one.url === url) })
    expect(resources).toHaveLength(1)
    expect(Object.keys(resources[0]?.scopes ?? {})).toEqual([service?.environment['SCOPE']])
    expect(service?.ports?.[0]).toContain(`:${new URL(url).port}`)
    expect(service?.volumes).toEqual(['./docker/servers:/app/docker/servers:ro'])
    expect(existsSync(service?.entrypoint?.[1] ?? '')).toBe(true)
  })
})
