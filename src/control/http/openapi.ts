/** The OpenAPI 3.1 document, made of the routes. */
import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import type { Route } from './route.ts'
import { PROBLEM } from './schemas.ts'

type Json = Record<string, unknown>

export function documentOf(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Foresend',
      version,
      description:
        'What a running TFTP server does, and steering it. Errors are problem details (RFC 9457) with a stable `code`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Problem: schemaOf(PROBLEM) },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  }
}

function operationOf({ method, path, summary, access, query = {}, answer, type, takesFile }: Route): Json {
  const parameters = [
    ...[...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...Object.entries(query).map(([name, schema]) => ({
      name,
      in: 'query',
      required: false,
      schema: schemaOf(schema as v.GenericSchema),
    })),
  ]
  const content =
    answer === undefined ? { [type ?? 'text/plain']: {} } : { 'application/json': { schema: schemaOf(answer) } }
  return {
    summary,
    operationId: idOf(method, path),
    ...(access === 'open' ? {} : { security: access === 'change' ? [{ token: [] }] : [{}, { token: [] }] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(takesFile === true ? { requestBody: { required: true, content: { 'application/octet-stream': {} } } } : {}),
    responses: {
      [method === 'PUT' ? '201' : '200']: { description: 'done', content },
      default: {
        description: 'what went wrong',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
}

/** `GET /api/v1/transfers/:id`: getTransfersId. `GET /`: getPage, as clients have a `get` of their own. */
function idOf(method: string, path: string): string {
  const words = path
    .replace('/api/v1', '')
    .split(/\W+/)
    .filter((word) => word !== '')
  const named = words.length === 0 ? ['page'] : words
  return [method.toLowerCase(), ...named.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)].join('')
}

function schemaOf(schema: v.GenericSchema): Json {
  const { $schema: _, ...rest } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    errorMode: 'ignore',
    typeMode: 'input',
  }) as Json
  return rest
}
