/**
 * A drawing (SVG) that came from outside, reduced to shapes: an allow-list of elements, attributes and values, read by a parser that knows
 * no more of XML than drawings need, and written again from what it read. What an editor adds for itself is left out; what could run,
 * load or link is a reason to refuse the file, because it is not the drawing that the operator meant.
 */

/** Elements that draw, or that drawing ones refer to. */
const elements: ReadonlySet<string> = new Set(
  (
    'svg g defs symbol use title desc path rect circle ellipse line polyline polygon clipPath mask ' +
    'linearGradient radialGradient stop'
  ).split(' '),
)

/** What editors and licences put in: nothing of it is drawn. With a prefix of its own, any. */
const leftOut: ReadonlySet<string> = new Set(['metadata'])

const attributes: ReadonlySet<string> = new Set(
  (
    'id xmlns viewBox width height preserveAspectRatio version d x y x1 y1 x2 y2 cx cy r rx ry fx fy fr points transform pathLength ' +
    'gradientUnits gradientTransform spreadMethod offset clipPathUnits maskUnits maskContentUnits href ' +
    'fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray ' +
    'stroke-dashoffset opacity color display visibility clip-path clip-rule mask mask-type stop-color stop-opacity vector-effect ' +
    'paint-order shape-rendering'
  ).split(' '),
)

/** Properties of `style="…"` that are attributes as well, and are written as such. */
const isProperty = (name: string): boolean => attributes.has(name) && (name.includes('-') || styled.has(name))
const styled: ReadonlySet<string> = new Set(['fill', 'stroke', 'opacity', 'color', 'display', 'visibility', 'mask'])

/** Numbers, names, colours, path data. No backslash, no quote, no entity, no colon: nothing that names a place. */
const plainValue = /^[\w\s#%(),.+-]*$/
const ownReference = /^#[\w.-]+$/
const ownPaint = /^url\(#[\w.-]+\)(?: none| #[0-9a-fA-F]{3,8})?$/

const most = { elements: 2_000, depth: 32 }

const namePattern = '[A-Za-z_][\\w.-]*(?::[A-Za-z_][\\w.-]*)?'
const tagStart = new RegExp(`<(/?)(${namePattern})`, 'y')
const attribute = new RegExp(`\\s+(${namePattern})\\s*=\\s*(?:"([^"<]*)"|'([^'<]*)')`, 'y')
const tagEnd = /\s*(\/?)>/y
const skipped = /(?:<!--(?:(?!--)[\s\S])*-->|<\?xml\s[^?<>]*\?>|<!DOCTYPE\s[^[<>]*>)/y
const characters = /[^<]+/y

/** Its message completes "the file …". */
export class DrawingError extends Error {}

function refuse(reason: string): never {
  throw new DrawingError(reason)
}

function checkedValue(name: string, value: string): string {
  const text = value.trim()
  if (name === 'href') return ownReference.test(text) ? text : refuse('refers to something outside of itself')
  if (name === 'xmlns') return 'http://www.w3.org/2000/svg'
  if (/url\s*\(/i.test(text) && !ownPaint.test(text)) refuse('refers to something outside of itself')
  if (!plainValue.test(text) && !ownPaint.test(text)) refuse(`has a value of ${name} that no drawing needs`)
  return text
}

function styleAttributes(style: string): [string, string][] {
  return style
    .split(';')
    .filter((declaration) => declaration.trim() !== '')
    .flatMap((declaration) => {
      const [name = '', ...value] = declaration.split(':')
      const property = name.trim()
      // Of `-inkscape-…` and of fonts nothing is drawn.
      return isProperty(property) ? [[property, checkedValue(property, value.join(':'))] as [string, string]] : []
    })
}

function checkedAttributes(found: readonly (readonly [string, string])[]): [string, string][] {
  const kept = found.flatMap(([name, value]): [string, string][] => {
    if (/^on/i.test(name)) return refuse(`holds a script (${name})`)
    if (name === 'style') return styleAttributes(value)
    if (name === 'xlink:href') return [['href', checkedValue('href', value)]]
    // What has a prefix, and what only other programs read.
    return attributes.has(name) ? [[name, checkedValue(name, value)]] : []
  })
  return [...new Map(kept)]
}

function refuseElement(name: string): never {
  if (name === 'script') refuse('holds a script')
  if (name === 'style') refuse('holds a style sheet: export it with presentation attributes')
  if (name === 'image' || name === 'foreignObject') refuse(`holds a ${name}, which is no drawing`)
  if (name === 'text' || name === 'tspan') refuse('holds text: convert it to paths')
  return refuse(`holds the element ${name}, which is not among those that a logo may have`)
}

/** The drawing, written again. Throws DrawingError. */
export function cleanDrawing(source: string): string {
  const written: string[] = []
  const open: { readonly name: string; readonly isKept: boolean }[] = []
  let place = source.startsWith('\ufeff') ? 1 : 0
  let count = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = place
    const found = pattern.exec(source)
    if (found !== null) place = pattern.lastIndex
    return found
  }
  const isKeptHere = () => open.every(({ isKept }) => isKept)

  const readTag = (isEnd: boolean, name: string): void => {
    if (isEnd) {
      const last = open.at(-1)
      const wasKept = isKeptHere()
      if (last?.name !== name || take(/\s*>/y) === null) refuse('is not well-formed')
      open.pop()
      if (wasKept) written.push(`</${name}>`)
      return
    }
    const found: [string, string][] = []
    for (let each = take(attribute); each !== null; each = take(attribute))
      found.push([each[1] ?? '', each[2] ?? each[3] ?? ''])
    const end = take(tagEnd)
    if (end === null) refuse('is not well-formed')
    count += 1
    if (count > most.elements || open.length >= most.depth) refuse('is too complicated for a logo')
    if (open.length === 0 && (name !== 'svg' || written.length > 0)) refuse('is not an SVG drawing')
    const isKept = isKeptHere() && !leftOut.has(name) && !name.includes(':')
    const isClosed = end?.[1] === '/'
    if (isKept) {
      if (!elements.has(name)) refuseElement(name)
      const kept = checkedAttributes(found)
      if (open.length === 0 && !kept.some(([each]) => each === 'xmlns')) refuse('has no xmlns on its svg element')
      if (open.length === 0 && !kept.some(([each]) => each === 'viewBox'))
        refuse('has no viewBox, so it cannot be scaled')
      const inTag = kept.map(([each, value]) => ` ${each}="${value}"`).join('')
      written.push(`<${name}${inTag}${isClosed ? '/' : ''}>`)
    }
    if (!isClosed) open.push({ name, isKept })
  }

  while (place < source.length) {
    if (take(skipped) !== null) continue
    const tag = take(tagStart)
    if (tag !== null) readTag(tag[1] === '/', tag[2] ?? '')
    // Of text only titles would show, and a picture shows none.
    else if (take(characters) === null) refuse(source.includes('<!ENTITY') ? 'declares entities' : 'is not well-formed')
  }
  if (open.length > 0) refuse('is cut short')
  if (written.length === 0) refuse('is not an SVG drawing')
  return written.join('')
}
