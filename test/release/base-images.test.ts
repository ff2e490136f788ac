/** The pins of the base images, and how they are renewed: from a registry on loopback that asks for a token, as Docker Hub does. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { beforeAll, describe, expect, it } from '@jest/globals'
import {
  baseImages,
  currentDigest,
  isPinned,
  placeOf,
  referenceIn,
  renewed,
  withReference,
} from '../../release/base-images.js'
import { listenOn } from '../support/opened.js'

const manifest = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json"}'
const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`
const pinned = `node:24-trixie-slim@${digest}`

describe('the base images', () => {
  it.each(baseImages)('$variable is named once in $file, and a machine may take another', (image) => {
    const text = readFileSync(image.file, 'utf8')
    const reference = referenceIn(image, text)
    expect(reference).toMatch(/^[a-z]+:[\w.-]+(?:@sha256:[0-9a-f]{64})?$/)
    const renewedText = withReference(image, text, `${reference.split('@')[0]}@${digest}`)
    expect(isPinned(referenceIn(image, renewedText))).toBe(true)
    expect(withReference(image, renewedText, reference)).toBe(text)
  })

  it('are all of them: no other image is named', () => {
    const files = ['Dockerfile', 'docker-compose.yml', 'docker-compose.proxy.yml', 'docker-compose.servers.yml']
    const all = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^(?:FROM| +image:) (\S+)/gm)].map(([, name]) => name),
    )
    expect(all.filter((name) => !/^\$\{[A-Z]+_IMAGE\b|^gatehouse:local$/.test(name ?? ''))).toEqual([])
  })

  it('are pinned when a digest is behind the tag', () => {
    expect(isPinned('node:24-trixie-slim')).toBe(false)
    expect(isPinned('node:24-trixie-slim@sha256:abc')).toBe(false)
    expect(isPinned(pinned)).toBe(true)
  })

  it('are found at the registry that their name says', () => {
    const hub = 'https://registry-1.docker.io'
    expect(placeOf('node:24')).toEqual({ registry: hub, repository: 'library/node', tag: '24' })
    expect(placeOf(pinned)).toEqual({ registry: hub, repository: 'library/node', tag: '24-trixie-slim' })
    expect(placeOf('moby/buildkit')).toEqual({ registry: hub, repository: 'moby/buildkit', tag: 'latest' })
    expect(placeOf('ghcr.io/a/b:1')).toEqual({ registry: 'https://ghcr.io', repository: 'a/b', tag: '1' })
  })
})

describe('a digest', () => {
  let registry: string
  let said: string | undefined
  let asked: string[]

  beforeAll(async () => {
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      const { pathname, searchParams } = new URL(request.url ?? '', registry)
      if (pathname === '/token') {
        return response.end(
          JSON.stringify({ token: `for ${searchParams.get('scope')} at ${searchParams.get('service')}` }),
        )
      }
      const [, repository = '', tag = ''] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(pathname) ?? []
      const scope = `repository:${repository}:pull`
      if (request.headers.authorization !== `Bearer for ${scope} at test`) {
        response.writeHead(401, {
          'www-authenticate': `Bearer realm="${registry}/token",service="test",scope="${scope}"`,
        })
        return response.end()
      }
      if (tag !== '24') return response.writeHead(404).end()
      expect(request.headers.accept).toContain('application/vnd.oci.image.index.v1+json')
      response.writeHead(200, said === undefined ? {} : { 'docker-content-digest': said })
      return response.end(manifest)
    })
    registry = `http://127.0.0.1:${await listenOn(server)}`
  })

  const place = (tag: string) => ({ registry, repository: 'library/node', tag })

  it('is counted from the bytes, with a token as the registry asks for it', async () => {
    asked = []
    said = digest
    expect(await currentDigest(place('24'))).toBe(digest)
    expect(asked).toHaveLength(3)
    said = undefined
    expect(await renewed(`node:24@sha256:${'0'.repeat(64)}`, () => currentDigest(place('24')))).toBe(
      `node:24@${digest}`,
    )
  })

  it('is not taken from a registry that says another', async () => {
    asked = []
    said = `sha256:${'0'.repeat(64)}`
    await expect(currentDigest(place('24'))).rejects.toThrow('its bytes are')
  })

  it('is not there for an unknown tag', async () => {
    asked = []
    await expect(currentDigest(place('25'))).rejects.toThrow('404')
  })
})
