/**
 * What a refused request is told: RFC 9457 problem details, naming each wrong field.
 * Every problem the API can answer with is one row of the table.
 */

/** slug → HTTP status and title. The slug ends the problem's `type`. */
export const problemCatalogue = {
  'invalid-fields': { status: 422, title: 'The request names fields that cannot be accepted' },
  'unreadable-body': { status: 400, title: 'The body is not JSON' },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  unauthorized: { status: 401, title: 'The API token is missing or wrong' },
  'not-found': { status: 404, title: 'There is nothing here by that name' },
  conflict: { status: 409, title: 'The request conflicts with what exists' },
  'call-refused': { status: 409, title: 'The call cannot take this action' },
  draining: { status: 503, title: 'The edge is shutting down and takes no new work' },
  capacity: { status: 503, title: 'The edge is at its limit' },
  internal: { status: 500, title: 'The edge failed; the request may be tried again' },
} as const

export type ProblemKind = keyof typeof problemCatalogue

/** One wrong field: `pointer` is a JSON Pointer (RFC 6901) into the body, `field` the same as people write it. */
export interface FieldError {
  readonly pointer: string
  readonly field: string
  readonly detail: string
}

/** A refused request. Thrown by the API and by what it calls; answered as application/problem+json. */
export class Problem extends Error {
  readonly kind: ProblemKind
  readonly errors: readonly FieldError[]
  /** Seconds after which a retry makes sense. */
  readonly retryAfter: number | undefined

  constructor(kind: ProblemKind, detail: string, more: { errors?: readonly FieldError[]; retryAfter?: number } = {}) {
    super(detail)
    this.name = 'Problem'
    this.kind = kind
    this.errors = more.errors ?? []
    this.retryAfter = more.retryAfter
  }

  get status(): number {
    return problemCatalogue[this.kind].status
  }

  toJSON(): Record<string, unknown> {
    const { status, title } = problemCatalogue[this.kind]
    return {
      type: `urn:trunkproof:problem:${this.kind}`,
      title,
      status,
      detail: this.message,
      ...(this.errors.length > 0 && { errors: this.errors }),
    }
  }
}

/** Names a field by its path: ['numbers', 3, 'sip_domain'] → /numbers/3/sip_domain and numbers[3].sip_domain. */
export function fieldError(path: readonly PropertyKey[], detail: string): FieldError {
  let pointer = ''
  let field = ''
  for (const key of path) {
    pointer += `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (typeof key === 'number') field += `[${key}]`
    else field += field === '' ? String(key) : `.${String(key)}`
  }
  return { pointer, field, detail }
}

/** The problem of a body (or query) whose fields are wrong; its detail names the first one. */
export function invalidFields(errors: readonly FieldError[]): Problem {
  const [first] = errors
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  const detail = first ? `${first.field === '' ? 'the body' : first.field}: ${first.detail}${more}` : 'a field is wrong'
  return new Problem('invalid-fields', detail, { errors })
}
