// What the optimizer of the compiler leaves: its list of passes is for speed, and inlines functions with one caller only while they
// are small. Here all such functions go into their caller, small ones only where the call is longer, and static data is packed.

import binaryen from 'binaryen';
import { shareBases } from './bases.js';
import { packData } from './pack.js';

/** What boards run without switches: WebAssembly 1.0 with sign extension and mutable globals. */
const FEATURES = binaryen.Features.MVP | binaryen.Features.SignExt | binaryen.Features.MutableGlobals;

/** Of any size. */
const ONE_CALLER = -1;
/** Nodes of a function that is no longer than its call. */
const SMALL = 1;

// prettier-ignore
const PASSES = [
  // The program as a whole: what is alike, unused, called once, or passed though it is always the same.
  'duplicate-function-elimination', 'remove-unused-module-elements', 'once-reduction', 'inlining', 'simplify-globals-optimizing',
  'generate-global-effects', 'rse', 'vacuum', 'code-folding', 'ssa-nomerge', 'local-cse', 'remove-unused-brs', 'remove-unused-names',
  'merge-blocks', 'precompute-propagate', 'simplify-globals-optimizing', 'dae-optimizing',
  // Each function, without `flatten`, which speed gains from and size does not.
  'simplify-locals-nostructure', 'vacuum', 'simplify-locals-notee-nostructure', 'vacuum', 'local-cse', 'licm', 'merge-locals',
  'reorder-locals', 'optimize-instructions', 'avoid-reinterprets', 'dce', 'remove-unused-brs', 'remove-unused-names', 'merge-blocks',
  'inlining', 'precompute-propagate', 'simplify-globals-optimizing', 'pick-load-signs', 'simplify-locals-notee-nostructure', 'vacuum',
  'local-cse', 'reorder-locals', 'coalesce-locals', 'simplify-locals', 'coalesce-locals', 'reorder-locals', 'vacuum', 'rse', 'vacuum',
  'merge-locals', 'vacuum', 'simplify-globals-optimizing', 'remove-unused-brs', 'remove-unused-names', 'merge-blocks',
  'optimize-instructions',
  // The program once more.
  'simplify-globals-optimizing', 'dae-optimizing', 'inlining-optimizing', 'duplicate-import-elimination',
  'simplify-globals-optimizing', 'precompute-propagate', 'directize', 'dae-optimizing', 'gufa-optimizing', 'inlining-optimizing',
  'code-folding', 'ssa-nomerge', 'rse', 'code-pushing', 'simplify-globals', 'vacuum', 'precompute-propagate', 'inlining-optimizing',
  'directize', 'dae-optimizing', 'local-cse', 'merge-locals', 'coalesce-locals', 'simplify-locals', 'vacuum', 'inlining',
  'precompute-propagate', 'rse', 'vacuum', 'ssa-nomerge', 'simplify-locals', 'coalesce-locals', 'optimize-instructions',
  'remove-unused-brs', 'remove-unused-names', 'merge-blocks', 'vacuum', 'simplify-globals-optimizing', 'remove-unused-brs',
  'optimize-instructions', 'vacuum', 'reorder-globals', 'reorder-functions', 'duplicate-function-elimination', 'memory-packing',
  'remove-unused-module-elements', 'discard-global-effects',
];

/** The same module in fewer bytes, without names. Throws for one that needs more than boards have. */
export function shrink(binary: Uint8Array): Uint8Array<ArrayBuffer> {
  const module = binaryen.readBinary(binary);
  try {
    module.setFeatures(FEATURES);
    if (module.validate() !== 1) throw new Error('the binary needs WebAssembly features that boards do not have');
    binaryen.setOptimizeLevel(4);
    binaryen.setShrinkLevel(2);
    binaryen.setDebugInfo(false);
    binaryen.setFastMath(false);
    binaryen.setLowMemoryUnused(false);
    binaryen.setZeroFilledMemory(false);
    binaryen.setClosedWorld(true);
    // A load whose value nobody uses may go, though it would trap out of bounds: nothing is built upon a trap.
    binaryen.setTrapsNeverHappen(true);
    binaryen.setGenerateStackIR(true);
    binaryen.setOptimizeStackIR(true);
    binaryen.setAlwaysInlineMaxSize(SMALL);
    binaryen.setFlexibleInlineMaxSize(SMALL);
    binaryen.setOneCallerInlineMaxSize(ONE_CALLER);
    binaryen.setAllowInliningFunctionsWithLoops(false);
    module.runPasses(PASSES);
    shareBases(module);
    module.runPasses(['const-hoisting', 'reorder-locals']);
    if (module.validate() !== 1) throw new Error('the optimizer made a binary that is none');
    return packData(module.emitBinary());
  } finally {
    // The compiler, which is the same optimizer, would keep it for the next binary.
    binaryen.setTrapsNeverHappen(false);
    module.dispose();
  }
}
