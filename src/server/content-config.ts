/** The part of a configuration that says what is served: its schema, and the short forms in which a user writes it. */
import * as v from 'valibot'
import { UNIQUE_ROOTS, type UniqueRoot } from '../content/client-roots.ts'
import type { ContentSpec, FolderRules } from '../content/index.ts'
import { DIGESTS, type DigestName, UPLOAD_POLICIES, type UploadPolicy } from '../content/upload-rules.ts'
import { ForesendError } from '../error.ts'

/** Settings of a folder in the form of flags. `parseConfig` makes `content` of them. */
export interface ContentInput {
  /** More folders to look in, in their order, for what the first does not have. */
  readonly overlay?: readonly string[] | undefined
  /** Folders of some clients, `CLIENT=DIR`. */
  readonly clientRoot?: readonly string[] | undefined
  readonly uniqueRoot?: UniqueRoot | undefined
  /** Files of rules. */
  readonly map?: string | undefined
  readonly pcre?: string | undefined
  /** A Unix socket. */
  readonly rewriter?: string | undefined
  readonly lowercase?: boolean | undefined
  readonly anyCase?: boolean | undefined
  readonly listing?: string | undefined
  readonly publicOnly?: boolean | undefined
  readonly uploads?: UploadPolicy | undefined
  readonly uploadRoot?: string | undefined
  /** Octal, such as `022` and `0640`. */
  readonly umask?: string | undefined
  readonly uploadMode?: string | undefined
  readonly maxUploadBytes?: number | undefined
  readonly quotaBytes?: number | undefined
  readonly minFreeBytes?: number | undefined
  readonly digests?: readonly DigestName[] | undefined
}

const path = v.pipe(v.string(), v.minLength(1, 'a path'))
const flag = v.optional(v.boolean('true or false'))
const paths = v.pipe(v.array(path), v.minLength(1, 'at least one folder'))
const bytes = v.optional(
  v.pipe(
    v.number('a whole number of bytes'),
    v.check((value) => Number.isSafeInteger(value) && value >= 0, 'a whole number of bytes'),
  ),
)
const octal = v.pipe(v.string(), v.regex(/^0?[0-7]{1,3}$/, 'permissions in octal, such as 022 or 0640'))
const policy = v.optional(v.picklist(UPLOAD_POLICIES, UPLOAD_POLICIES.join(', ')))
const uniqueRoot = v.optional(v.picklist(UNIQUE_ROOTS, UNIQUE_ROOTS.join(', ')))
const digests = v.optional(v.array(v.picklist(DIGESTS, DIGESTS.join(', '))))
const listing = v.optional(v.pipe(v.string(), v.regex(/^[^/\\]{1,255}$/, 'a name without a folder, such as dir.txt')))
const ruleFile = v.optional(v.strictObject({ file: path, text: v.optional(v.string()) }))

const RULES = {
  names: v.optional(
    v.strictObject({ map: ruleFile, rewriter: v.optional(path), lowercase: flag, anyCase: flag, pcre: ruleFile }),
  ),
  clients: v.optional(
    v.strictObject({
      clientRoots: v.optional(v.array(v.strictObject({ client: v.string(), root: path }))),
      uniqueRoot,
    }),
  ),
  uploads: v.optional(
    v.strictObject({
      policy,
      root: v.optional(path),
      mode: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0o777))),
      maxBytes: bytes,
      quotaBytes: bytes,
      minFreeBytes: bytes,
      digests,
    }),
  ),
  listing,
  publicOnly: flag,
}

/** `content` of a configuration. */
export const CONTENT = v.variant(
  'type',
  [
    v.strictObject({ type: v.literal('path'), path, ...RULES }),
    v.strictObject({ type: v.literal('folders'), roots: paths, ...RULES }),
    v.strictObject({ type: v.literal('file'), path }),
  ],
  '{ type: "path", path }, { type: "folders", roots } or { type: "file", path }',
)

/** The flags, by the names that a user knows them by. */
const FLAGS: Readonly<Record<keyof ContentInput, string>> = {
  overlay: '--overlay',
  clientRoot: '--client-root',
  uniqueRoot: '--unique-root',
  map: '--map',
  pcre: '--pcre',
  rewriter: '--rewriter',
  lowercase: '--lowercase',
  anyCase: '--any-case',
  listing: '--listing',
  publicOnly: '--public-only',
  uploads: '--uploads',
  uploadRoot: '--upload-root',
  umask: '--umask',
  uploadMode: '--upload-mode',
  maxUploadBytes: '--max-upload',
  quotaBytes: '--quota',
  minFreeBytes: '--min-free',
  digests: '--digests',
}
const INPUT = v.strictObject({
  overlay: v.optional(paths),
  clientRoot: v.optional(
    v.array(v.pipe(v.string(), v.regex(/^[^=]+=.+$/, 'CLIENT=DIR, such as 192.168.1.20=/srv/tftp/lab'))),
  ),
  uniqueRoot,
  map: v.optional(path),
  pcre: v.optional(path),
  rewriter: v.optional(path),
  lowercase: flag,
  anyCase: flag,
  listing,
  publicOnly: flag,
  uploads: policy,
  uploadRoot: v.optional(path),
  umask: v.optional(octal),
  uploadMode: v.optional(octal),
  maxUploadBytes: bytes,
  quotaBytes: bytes,
  minFreeBytes: bytes,
  digests,
})
export const CONTENT_INPUT_KEYS = Object.keys(FLAGS) as readonly (keyof ContentInput)[]

/** What `parseConfig` needs to know of a configuration as it was written. */
interface Written extends ContentInput {
  readonly path?: string | undefined
  readonly content?: ContentSpec | undefined
  readonly writable?: boolean | undefined
  readonly overwrite?: boolean | undefined
}

/** Of a value that is not right, in a message. */
const MAX_SHOWN = 100

export function quoted(value: unknown): string {
  return clipped(JSON.stringify(value) ?? String(value))
}

export function clipped(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
}

/** `input` with its short forms in `content`, `writable` and `overwrite`. Throws ERR_TFTP_USAGE. */
export function withContent(input: Written): Record<string, unknown> {
  const rest: Record<string, unknown> = { ...input }
  const short: Record<string, unknown> = {}
  for (const key of CONTENT_INPUT_KEYS) {
    if (rest[key] !== undefined) short[key] = rest[key]
    delete rest[key]
  }
  delete rest['path']
  const parsed = v.safeParse(INPUT, short)
  if (!parsed.success) {
    const [issue] = parsed.issues
    const key = String(issue.path?.[0]?.key) as keyof ContentInput
    const given = quoted(issue.input)
    throw usage(`${FLAGS[key]} ${given} is not right: it takes ${issue.message}`)
  }
  const content = input.content ?? (input.path === undefined ? undefined : { type: 'path' as const, path: input.path })
  if (content === undefined || Object.keys(short).length === 0)
    return content === undefined ? rest : { ...rest, content }
  if (content.type === 'file')
    throw usage(`${FLAGS[Object.keys(short)[0] as keyof ContentInput]} is for folders, and one file is served`)
  const set: ContentInput = parsed.output
  return { ...rest, ...permissions(input, set), content: { ...placeOf(content, set), ...rulesOf(content, set) } }
}

/** What `--uploads` means for the two settings that are older than it. */
function permissions(input: Written, { uploads, ...set }: ContentInput): object {
  if (uploads !== undefined && (input.writable === true || input.overwrite === true)) {
    throw usage(`--uploads ${uploads} says already what --writable and --overwrite say: leave those out`)
  }
  const needs = (
    ['uploadRoot', 'umask', 'uploadMode', 'maxUploadBytes', 'quotaBytes', 'minFreeBytes', 'digests'] as const
  ).find((key) => set[key] !== undefined)
  const takesUploads = uploads === undefined ? input.writable === true : uploads !== 'none'
  if (needs !== undefined && !takesUploads) {
    throw usage(`${FLAGS[needs]} is for uploads, which are off: add --writable or --uploads, or leave it out`)
  }
  return uploads === undefined
    ? {}
    : { writable: uploads !== 'none', overwrite: uploads !== 'none' && uploads !== 'create' }
}

/** The folder and those that are looked in after it. */
function placeOf(content: Exclude<ContentSpec, { type: 'file' }>, { overlay }: ContentInput): object {
  if (overlay === undefined) return content
  if (content.type === 'folders') return { ...content, roots: [...content.roots, ...overlay] }
  const { path: first, ...rules } = content
  return { ...rules, type: 'folders', roots: [first, ...overlay] }
}

/** The rules that `set` names, over those that the content has already. */
function rulesOf({ names, clients, uploads }: FolderRules, set: ContentInput): FolderRules {
  const { map, pcre, rewriter, lowercase, anyCase, clientRoot, uniqueRoot: unique, listing: list, publicOnly } = set
  const fileOf = (file: string | undefined): { file: string } | undefined => (file === undefined ? undefined : { file })
  return (
    present({
      names: over(names, { map: fileOf(map), rewriter, lowercase, anyCase, pcre: fileOf(pcre) }),
      clients: over(clients, { clientRoots: clientRoot?.map(clientRootOf), uniqueRoot: unique }),
      uploads: over(uploads, {
        policy: set.uploads,
        root: set.uploadRoot,
        mode: modeOf(set),
        maxBytes: set.maxUploadBytes,
        quotaBytes: set.quotaBytes,
        minFreeBytes: set.minFreeBytes,
        digests: set.digests,
      }),
      listing: list,
      publicOnly,
    }) ?? {}
  )
}

function over<T extends object>(before: T | undefined, rules: T): T | undefined {
  return present({ ...before, ...present(rules) } as T)
}

/** What is set of `rules`; undefined when nothing is. */
function present<T extends object>(rules: T): T | undefined {
  const set = Object.entries(rules).filter(([, value]) => value !== undefined)
  return set.length === 0 ? undefined : (Object.fromEntries(set) as T)
}

function clientRootOf(text: string): { client: string; root: string } {
  const at = text.indexOf('=')
  return { client: text.slice(0, at), root: text.slice(at + 1) }
}

/** A umask takes permissions away from 0666, as in tftp-hpa. */
function modeOf({ umask, uploadMode }: ContentInput): number | undefined {
  if (umask === undefined && uploadMode === undefined) return undefined
  return Number.parseInt(uploadMode ?? '0666', 8) & ~Number.parseInt(umask ?? '0', 8)
}

function usage(message: string): ForesendError {
  return new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local' })
}
