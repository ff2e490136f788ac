/** The operator's logo: what is taken of a file, and which files are refused. */
import { deflateSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import { largestLogo, readLogo } from '../../src/pages/logo.js'

const head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"'

function drawn(inside: string, attributes = ''): string {
  return readLogo(Buffer.from(`${head}${attributes}>${inside}</svg>`)).body.toString()
}

function chunk(name: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  return Buffer.concat([length, Buffer.from(name, 'latin1'), data, Buffer.alloc(4)])
}

function png(width = 1, ...further: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(1, 4)
  header.writeUInt8(8, 8)
  const data = chunk('IDAT', deflateSync(Buffer.from([0, 0])))
  const signature = Buffer.from('89504e470d0a1a0a', 'hex')
  return Buffer.concat([signature, chunk('IHDR', header), ...further, data, chunk('IEND', Buffer.alloc(0))])
}

describe('A drawing', () => {
  it('keeps its shapes, and what they refer to within it', () => {
    const shapes =
      '<defs><linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient></defs>' +
      '<g fill="url(#a)"><path d="M4 21V11a8 8 0 0 1 16 0v10Z"/></g><use href="#a"/>'
    expect(drawn(shapes)).toBe(`${head}>${shapes}</svg>`)
  })

  it('loses what an editor adds: names of its own, metadata, comments, text, unknown attributes', () => {
    const exported =
      '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg.dtd">' +
      `${head} xmlns:inkscape="http://www.inkscape.org/" inkscape:version="1" class="x">` +
      '<!-- made by > hand --><metadata><rdf:RDF><x/></rdf:RDF></metadata><inkscape:grid a="1"/>' +
      '<title>Acme</title><path style="fill:#f00; -inkscape-stroke:none;font-family:x;stroke-width : 2" data-name="a b" d="M0 0"/></svg>'
    expect(readLogo(Buffer.from(exported)).body.toString()).toBe(
      `${head}><title></title><path fill="#f00" stroke-width="2" d="M0 0"/></svg>`,
    )
  })

  it.each([
    ['a script', '<script>alert(1)</script>', 'holds a script'],
    ['an event', '<path onload="alert(1)" d="M0 0"/>', 'holds a script (onload)'],
    ['an event in other letters', '<path ONCLICK="alert(1)"/>', 'holds a script (ONCLICK)'],
    ['HTML', '<foreignObject><p>x</p></foreignObject>', 'holds a foreignObject'],
    ['a picture', '<image href="https://example.com/x.png"/>', 'holds a image'],
    ['a style sheet', '<style>*{fill:url(https://x)}</style>', 'holds a style sheet'],
    ['text', '<text>Acme</text>', 'holds text'],
    ['a link', '<a href="https://example.com/"><path/></a>', 'holds the element a'],
    ['an animation', '<animate attributeName="href" to="x"/>', 'holds the element animate'],
    ['a reference to a file', '<use href="https://example.com/x.svg#a"/>', 'refers to something outside of itself'],
    ['an old reference', '<use xlink:href="data:image/svg+xml,x"/>', 'refers to something outside of itself'],
    ['a paint elsewhere', '<path fill="url(https://example.com/#a)"/>', 'refers to something outside of itself'],
    ['a paint in a style', '<path style="fill:url(//example.com/#a)"/>', 'refers to something outside of itself'],
    ['an escape', '<path fill="\\75rl(#a)"/>', 'has a value of fill that no drawing needs'],
    ['an entity', '<path fill="&#117;rl(x)"/>', 'has a value of fill that no drawing needs'],
    ['a second quote', `<path d='M0 0"/><script>'/>`, 'is not well-formed'],
    ['an open tag', '<path d="M0 0"', 'is not well-formed'],
    ['crossed tags', '<g><defs></g></defs>', 'is not well-formed'],
    ['a section', '<![CDATA[<script>]]>', 'is not well-formed'],
    ['an instruction', '<?xml-stylesheet href="x"?>', 'is not well-formed'],
    ['too many levels', '<g>'.repeat(40) + '</g>'.repeat(40), 'is too complicated'],
    ['too many shapes', '<path/>'.repeat(2_001), 'is too complicated'],
  ])('with %s is refused', (_, inside, reason) => {
    expect(() => drawn(inside)).toThrow(reason)
  })

  it.each([
    ['', 'is neither'],
    ['GIF89a', 'is neither'],
    ['<html></html>', 'is not an SVG drawing'],
    ['<svg viewBox="0 0 1 1"/>', 'has no xmlns'],
    ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'has no viewBox'],
    [`${head}/>${head}/>`, 'is not an SVG drawing'],
    [`${head}>`, 'is cut short'],
    [`<!DOCTYPE svg [<!ENTITY a "b">]>${head}/>`, 'declares entities'],
    [`${head}/>${' '.repeat(largestLogo)}`, 'has more than 256 KiB'],
  ])('is all of the file: %j', (source, reason) => {
    expect(() => readLogo(Buffer.from(source))).toThrow(reason)
  })

  it('is read in time, whatever its bytes', () => {
    const started = performance.now()
    for (const part of ['<!--', '<a ', '<svg a="', '<?xml ', '<!DOCTYPE ', '<g>', "<g a='"])
      expect(() => drawn(part.repeat(200_000 / part.length))).toThrow()
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

describe('A picture', () => {
  it('keeps what is drawn, and nothing that tells where it was made', () => {
    const described = png(1, chunk('tEXt', Buffer.from('Author\0Ada')), chunk('eXIf', Buffer.from('place')))
    const { type, body } = readLogo(Buffer.concat([described, Buffer.from('<script>')]))
    expect([type, body.equals(png())]).toEqual(['image/png', true])
  })

  it.each([
    ['a cut file', png().subarray(0, 40), 'is cut short'],
    ['a wrong length', png(1, Buffer.from('ffffffff49444154', 'hex')), 'is cut short'],
    ['no header', Buffer.concat([png().subarray(0, 8), png().subarray(33)]), 'is not a PNG picture'],
    ['a huge one', png(2_049), 'has more than 2048 points'],
  ])('is refused: %s', (_, file, reason) => {
    expect(() => readLogo(file)).toThrow(reason)
  })
})
