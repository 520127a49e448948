// Prettier for device code: the plugin for AssemblyScript hides decorators from TypeScript's grammar and puts blank lines before them.
// `@part` and `@bytes` stand before fields, where TypeScript has decorators, too: they are left where they are.
import plugin from 'assemblyscript-prettier';

const { typescript } = plugin.parsers;
/** `@part`, or `@bytes(..)` with parentheses up to two deep. */
const PART = /^([ \t]*)@(part\b|bytes\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))/gm;
const HIDDEN = /\/\*@([^*]*(?:\*[^/][^*]*)*)@\*\//g;

export const { printers } = plugin;

export const parsers = {
  typescript: {
    ...typescript,
    preprocess: async (text, options) => {
      const code = text.replace(PART, '$1/*@$2@*/');
      return (await typescript.preprocess(code, options)).replace(HIDDEN, '@$1');
    },
  },
};
