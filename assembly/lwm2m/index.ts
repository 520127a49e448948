// OMA LwM2M 1.0 and 1.1, client side. Payloads value by value (reader.ts, writer.ts, with tlv-reader.ts, senml-json.ts, senml-cbor.ts,
// value.ts, number.ts), CoRE links (link.ts); what a server does with objects that the app declares by tables (objects.ts, table.ts,
// attributes.ts); and a registration with one server (registration.ts). Not here: CoAP and DTLS, which are net/coap and net/dtls, bootstrap,
// notifications, and the values of any object.

export { Format, Type } from "./fields";
export { LinkReader } from "./link";
export { OBJECTS_SIZE, Objects } from "./objects";
export { Path } from "./path";
export { READER_SIZE, Reader } from "./reader";
export { REGISTRATION_SIZE, Registration, RegistrationState } from "./registration";
export { Access, ObjectTable, Of } from "./table";
export { Value } from "./value";
export { WRITER_SIZE, Writer } from "./writer";
