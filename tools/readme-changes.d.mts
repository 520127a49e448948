/** The text with the changes of the first block of `diff` in the README; throws for a line that the text does not have. */
export declare function changedAsReadme(text: string, readme: string): string;
