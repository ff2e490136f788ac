/**
 * Derives a palette from the operator's accent colour that is readable in both themes: text on it, and text in it, have a contrast of at
 * least 4.5:1 (WCAG 2.2 §1.4.3).
 */

interface Shades {
  /** Background of the main button. */
  readonly fill: string
  readonly fillHover: string
  /** Text on `fill`. */
  readonly onFill: string
  /** Text and focus ring on the card. */
  readonly ink: string
}

type Rgb = readonly [number, number, number]

/** Minimum contrast of text; slightly above 4.5, so that rounding never falls below 4.5. */
const readable = 4.6

const white: Rgb = [255, 255, 255]
const black: Rgb = [0, 0, 0]

function parse(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

function format(color: Rgb): string {
  return `#${color.map((channel) => Math.round(channel).toString(16).padStart(2, '0')).join('')}`
}

/** Relative luminance as WCAG 2.2 defines it. */
function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((channel) => {
    const share = channel / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0)
}

function contrastOf(left: Rgb, right: Rgb): number {
  const [low = 0, high = 0] = [luminance(left), luminance(right)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

/** Contrast ratio of two colours, 1 to 21. */
export function contrast(left: string, right: string): number {
  return contrastOf(parse(left), parse(right))
}

function mix(color: Rgb, other: Rgb, share: number): Rgb {
  const [red, green, blue] = color
  return [red + (other[0] - red) * share, green + (other[1] - green) * share, blue + (other[2] - blue) * share]
}

/** The colour, mixed with `towards` just enough to be readable on `ground`. */
function readableOn(ground: Rgb, color: Rgb, towards: Rgb): Rgb {
  for (let share = 0; share < 1; share += 0.02) {
    const candidate = mix(color, towards, share)
    if (contrastOf(candidate, ground) >= readable) return candidate
  }
  return towards
}

function shades(fill: Rgb, ink: Rgb): Shades {
  const lightText = contrastOf(fill, white) >= contrastOf(fill, black)
  return {
    fill: format(fill),
    // Away from the text colour, so that hovering never reduces contrast.
    fillHover: format(mix(fill, lightText ? black : white, 0.14)),
    onFill: lightText ? '#ffffff' : '#000000',
    ink: format(ink),
  }
}

/**
 * The palette for one accent colour (`#rrggbb`). `grounds` are the least favourable backgrounds of accent text. The configuration checks
 * the format of the colour.
 */
export function accentPalette(
  accentColor: string,
  grounds: { readonly light: string; readonly dark: string },
): { readonly light: Shades; readonly dark: Shades } {
  const accent = parse(accentColor)
  const lightened = readableOn(parse(grounds.dark), accent, white)
  return {
    light: shades(accent, readableOn(parse(grounds.light), accent, black)),
    dark: shades(lightened, lightened),
  }
}
