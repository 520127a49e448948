// Writes the custom section "as-bind_bindings", from which as-bind's run-time half learns the types of a module's functions.
//
// as-bind 0.8.2 brings a transform of its own, which the compiler of today no longer loads. This one describes the functions
// that the entry file exports; imports are left as they are, so they take and give numbers.
import { ElementKind, SourceKind } from 'assemblyscript';
import { Transform } from 'assemblyscript/transform';

/** Exported functions by name, with those that come by `export * from`. */
function exportedFunctions(file, found = new Map()) {
  for (const [name, element] of file.exports ?? []) {
    if (element.kind !== ElementKind.FunctionPrototype) continue;
    const instance = element.instances?.get('');
    if (!instance) throw new Error(`as-bind: exported function ${name} is generic`);
    found.set(name, instance.signature);
  }
  for (const star of file.exportsStar ?? []) exportedFunctions(star, found);
  return found;
}

const nameOf = (type) => type.getClass()?.internalName ?? type.toString();

// The compiler looks for a default export.
// eslint-disable-next-line no-restricted-syntax
export default class AsBindTransform extends Transform {
  afterCompile(module) {
    const descriptor = { typeIds: {}, importedFunctions: {}, exportedFunctions: {} };
    for (const file of this.program.filesByName.values()) {
      if (file.source.sourceKind !== SourceKind.UserEntry) continue;
      for (const [name, { parameterTypes, returnType }] of exportedFunctions(file)) {
        descriptor.exportedFunctions[name] = { parameters: parameterTypes.map(nameOf), returnType: nameOf(returnType) };
        for (const type of [...parameterTypes, returnType]) {
          const { id, nextMemoryOffset: byteSize } = type.getClass() ?? {};
          if (id !== undefined) descriptor.typeIds[nameOf(type)] = { id, byteSize };
        }
      }
    }
    module.addCustomSection('as-bind_bindings', Buffer.from(JSON.stringify(descriptor)));
  }
}
