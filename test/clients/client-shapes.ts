/** Every client shape we know, in the order of the compatibility table. */
import type { ClientShape } from './shape.js'
import { anthropicShapes } from './shapes/anthropic.js'
import { editorShapes } from './shapes/editors.js'
import { hostedShapes } from './shapes/hosted.js'
import { libraryShapes } from './shapes/libraries.js'
import { openaiShapes } from './shapes/openai.js'
import { terminalShapes } from './shapes/terminals.js'

export const clientShapes: readonly ClientShape[] = [
  ...anthropicShapes,
  ...openaiShapes,
  ...editorShapes,
  ...terminalShapes,
  ...hostedShapes,
  ...libraryShapes,
]
