/** Where images come from and uploads go. */
export type { Image, OpenRequest, Store, Upload, WriteRequest } from './contract.ts'
export { type FolderOptions, openFolder } from './folder.ts'
export { openSingleFile } from './single-file.ts'
export { type ContentSpec, type ContentUse, type FolderRules, openContent, withTexts } from './spec.ts'
export { foldersOf, type SpecFolders } from './spec-folders.ts'
