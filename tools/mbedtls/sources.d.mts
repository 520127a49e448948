/** Folder of its headers, and the archive to link with; from the repository's root. */
export declare const INCLUDE: string;
export declare const LIBRARY: string;
/** Folder of its programs. */
export declare const HOME: string;
