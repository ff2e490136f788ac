/** What a command printed, as a picture of a terminal. */
import { svg, textAt } from './svg.js'

/** In CSS pixels, of the font below. */
const [characterWidth, lineHeight, margin] = [7.6, 18, 16]

function classOf(line: string): string {
  if (/^\s+(FAILED|problem:)/.test(line)) return 'mono bad'
  if (/^\s+passed/.test(line)) return 'mono good'
  if (/^\S/.test(line)) return 'mono strong'
  return 'mono soft'
}

/** `command` is shown at a prompt above its `output`. */
export function terminalPicture(command: string, output: string, title: string): string {
  const lines = output.trimEnd().split('\n')
  const longest = Math.max(command.length + 2, ...lines.map((line) => line.length))
  const at = (index: number) => margin + 12 + (index + 2) * lineHeight
  return svg({
    width: Math.ceil(longest * characterWidth) + 2 * margin,
    height: at(lines.length) + margin - lineHeight,
    title,
    description: `${command}: ${lines
      .filter((line) => line.trim() !== '')
      .join(' ')
      .replaceAll(/\s+/g, ' ')}`,
    body: [
      textAt(margin, at(-2), `$ ${command}`, 'mono mark'),
      ...lines.flatMap((line, index) => (line.trim() === '' ? [] : [textAt(margin, at(index), line, classOf(line))])),
    ],
  })
}
