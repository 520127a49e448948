export declare const peers: ReadonlyMap<string, { readonly package: string; readonly file: string | undefined }>;
/** Those of `programs` that are not here. Throws when one is missing and AKARI_PEERS=required. */
export declare function missing(programs: readonly string[]): string[];
/** Where a program is that is no command. */
export declare function fileOf(program: string): string;
/** What is missing and how to get it, for a person. */
export declare function howToInstall(lacking: readonly string[]): string;
