// LwM2M on the host: what servers of devices know of its objects and payloads. The device's own is in assembly/lwm2m, by
// another hand; what a server does with it is in ../platform/inventory.

export { byId, ContentFormat, emptyInstance, type Leaf, readContent, readLinks, writeContent } from './content.js';
export { BOOTSTRAP_OBJECTS, Models } from './model.js';
export type { ObjectModel, ResourceModel } from './object-model.js';
export { modelFromXml } from './model-xml.js';
export { DEFAULT_MODELS } from './objects.js';
export { parsePath, type Path, pathText, within } from './path.js';
export { emitSenml, readSenml } from './senml.js';
export { emitTlv, parseTlv, type TlvEntry } from './tlv.js';
export {
  ContentError,
  fromText,
  fromTlv,
  RESOURCE_TYPES,
  type ResourceType,
  toText,
  toTlv,
  type Value,
} from './values.js';
