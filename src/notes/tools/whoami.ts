import { z } from 'zod'
import { describeCaller } from '../../resource-server/caller.js'
import { defineOpenNotesTool } from '../notes-tool.js'

/** Returns the person that the token acts for. Needs a valid token and no scope: it only describes the client's own access. */
export const whoami = defineOpenNotesTool({
  name: 'whoami',
  title: 'Who am I',
  description: 'Says which person and which client this connection acts for, with which permissions and until when.',
  scopes: [],
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({}),
  output: z.object({
    subject: z.string().optional().describe('Absent when no person is behind this connection.'),
    clientId: z.string(),
    scopes: z.array(z.string()),
    expiresAt: z.string(),
  }),
  run: async (_input, { accessToken }) => ({ data: { ...describeCaller(accessToken) } }),
})
