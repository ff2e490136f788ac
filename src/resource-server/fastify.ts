/** The Fastify adapter: plugins that copy the core's decision to the reply. They make no decision. */
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Answer } from './answer.js'
import type { Admission } from './node-admission.js'
import { judgeNodeBody } from './operation-body.js'
import { nodeHeaders, type RequestValues } from './request.js'
import type { ResourceServer } from './resource-server.js'

declare module 'fastify' {
  /** Set by `protect`; servers on the MCP SDK read `request.raw.auth`. */
  interface FastifyRequest extends Omit<Admission, 'body'> {}
}

function valuesOf({ method, originalUrl, raw }: FastifyRequest): RequestValues {
  return { method, url: originalUrl, headers: nodeHeaders(raw) }
}

function answerWith(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}

/** Answers metadata requests, without a token. For apps that are only partly protected. */
export function publishMetadata(server: ResourceServer): FastifyPluginAsync {
  return onSameInstance(async (app) => {
    for (const url of server.addresses.metadataPaths) {
      app.all(url, async (request, reply) => {
        const answer = server.publish(valuesOf(request))
        return answer === undefined ? reply.callNotFound() : answerWith(reply, answer)
      })
    }
  })
}

/** Serves every route of the instance and its children only with a valid token; answers metadata requests too. */
export function protect(server: ResourceServer): FastifyPluginAsync {
  return onSameInstance(async (app) => {
    for (const name of ['auth', 'accessToken', 'authorized']) app.decorateRequest(name, null)
    app.addHook('onRequest', async (request, reply) => {
      const decision = await server.decide(valuesOf(request))
      if ('answer' in decision) return answerWith(reply, decision.answer)
      const { authInfo: auth, accessToken, headers } = decision.serve
      // Set on the raw response, so that they are kept if a handler takes it over.
      for (const [name, value] of Object.entries(headers)) reply.raw.setHeader(name, value)
      Object.assign(request, { auth, accessToken, authorized: decision.serve })
      Object.assign(request.raw, { auth })
      return undefined
    })
    app.addHook('preHandler', async (request, reply) => {
      if (!request.authorized.needsBody) return undefined
      const judged = await judgeNodeBody(request.authorized, request.raw, request.body)
      if ('answer' in judged) return answerWith(reply, judged.answer)
      request.body = judged.json
      return undefined
    })
  })
}

/** Fastify's marker for a plugin that applies to the instance it is registered on, not to a child. */
function onSameInstance(plugin: FastifyPluginAsync): FastifyPluginAsync {
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}
