// Turns a device binary into a folder that builds by itself for a board: the binary, the C runtime (runtime/), a
// Makefile or a project of ESP-IDF, and a README for the person at the bench. host/build/ makes the binary.

export { ExportError, type ExportOptions, exportProject, TARGETS, type ExportTarget } from './project.js';
