// The kit: the SDK's pure functions for JavaScript, called with strings and typed arrays through as-bind (host/kit).
//
// One file for each family of functions; a new family is one more line here, one more group in host/kit. Unlike a device binary
// this module has a runtime and a heap. Lengths are checked by host/kit, which is the only caller.

export { abort } from "../board/abort";
export * from "./crypto";
export * from "./aka";
export * from "./http";
export * from "./lwm2m";
export * from "./lwm2m-objects";
export * from "./lwm2m-registration";
export * from "./lwm2m-standard";
export * from "./quectel";
export * from "./dtls";
export * from "./coap";
