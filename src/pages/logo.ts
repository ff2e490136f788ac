/** The operator's logo: which files are taken, and what of them is served. Nothing is served as it came. */
import { cleanDrawing, DrawingError } from './svg-drawing.js'

export interface Logo {
  readonly type: 'image/png' | 'image/svg+xml'
  readonly extension: 'png' | 'svg'
  readonly body: Buffer
}

/** A logo is loaded with the first page that a person sees. */
export const largestLogo = 256 * 1024

const largestSide = 2_048

const signature = Buffer.from('89504e470d0a1a0a', 'hex')

/** What a picture needs to be drawn (PNG §11). Texts, times, EXIF, profiles and frames are left out. */
const chunks: ReadonlySet<string> = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'gAMA', 'sRGB', 'cHRM', 'sBIT'])

function cleanPng(file: Buffer): Buffer {
  const kept: Buffer[] = [signature]
  let place = signature.length
  let last = ''
  while (last !== 'IEND') {
    if (place + 12 > file.length) throw new DrawingError('is cut short')
    const end = place + 12 + file.readUInt32BE(place)
    const name = file.toString('latin1', place + 4, place + 8)
    if (end > file.length || !/^[A-Za-z]{4}$/.test(name)) throw new DrawingError('is cut short')
    if ((last === '') !== (name === 'IHDR')) throw new DrawingError('is not a PNG picture')
    if (name === 'IHDR') {
      const [width, height] = [file.readUInt32BE(place + 8), file.readUInt32BE(place + 12)]
      if (width > largestSide || height > largestSide)
        throw new DrawingError(`has more than ${largestSide} points in a row or column`)
    }
    if (chunks.has(name)) kept.push(file.subarray(place, end))
    last = name
    place = end
  }
  return Buffer.concat(kept)
}

/** Throws an Error whose message completes "the file …". */
export function readLogo(file: Buffer): Logo {
  if (file.length > largestLogo) throw new DrawingError(`has more than ${largestLogo / 1024} KiB`)
  if (file.subarray(0, signature.length).equals(signature))
    return { type: 'image/png', extension: 'png', body: cleanPng(file) }
  const source = file.toString('utf8')
  if (!/^\ufeff?\s*</.test(source)) throw new DrawingError('is neither a PNG picture nor an SVG drawing')
  return { type: 'image/svg+xml', extension: 'svg', body: Buffer.from(cleanDrawing(source.trim())) }
}
