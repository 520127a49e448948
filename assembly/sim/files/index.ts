// The file system of the card: the table of files (tree), their content (content), and the commands on them
// (select, binary, record, search, life-cycle). Who may do what is decided in ../access.ts; PINs and keys are not files
// and live elsewhere.

export { readBinary, updateBinary } from "./binary";
export { activateFile, deactivateFile } from "./life-cycle";
export { increase, readRecord, updateRecord } from "./record";
export { searchRecord, seek } from "./search";
export { select, status } from "./select";
export { treeLoad } from "./tree";
